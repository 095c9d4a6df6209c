import type { Address } from '../../src/domain/chain.ts'
import type { Hex } from '../../src/lib/hex.ts'
import { adapterFor } from '../../src/source/index.ts'
import type { Payment } from '../../src/dev/network/network.ts'
import type { Stack } from '../../src/dev/stack.ts'

const ALICE: Address = `0x${'a1'.repeat(20)}`
const BOB: Address = `0x${'b0'.repeat(20)}`
const TOKEN = 1_000_000n
/** The second band of the development chains asks for finality, from 10,000 on. */
const LARGE = 25_000n * TOKEN
/** A little more than `finalAfter` of the networks. */
const BLOCKS_TO_FINAL = 8
/** The two that Bob is paid in, and one that may have come in between where blocks come by themselves. */
const REORG_BLOCKS = 3
/** As many as the gauges take to be read anew, and as finality takes. */
const STREAM_BLOCKS = 12

export async function registerPayers({ api, networks }: Stack): Promise<void> {
  for (const { facts } of networks) {
    const { codec } = adapterFor(facts.chain.family)
    for (const { rail } of facts.rails) {
      await api.registerAddress(rail.id, codec.formatAddress(ALICE), 'alice')
      await api.registerAddress(rail.id, codec.formatAddress(BOB), 'bob')
    }
  }
}

export interface Round {
  /** Whole tokens that Alice pays. */
  readonly tokens: bigint
  /** Replaces the blocks that Bob is paid in: one of his deposits moves, the other is out. */
  readonly reorg: boolean
  /** Comes back when every chain has another block, and everybody time to see it. */
  readonly nextBlock: () => Promise<void>
}

/**
 * Deposits of both bands, perhaps a reorg that takes some of them back, then blocks until all that is left is final.
 */
export async function playRound(
  { networks }: Stack,
  { tokens, reorg, nextBlock }: Round,
): Promise<void> {
  const blocks = async (count: number): Promise<void> => {
    for (let block = 0; block < count; block += 1) await nextBlock()
  }
  const payAll = (to: Address, amount: bigint) => payOnAll(networks, { to, amount })
  await payAll(ALICE, tokens * TOKEN)
  await payAll(ALICE, LARGE)
  await blocks(3)
  const moved = await payAll(BOB, 3n * TOKEN)
  await blocks(1)
  await payAll(BOB, tokens * TOKEN)
  await blocks(1)
  if (reorg) {
    const keep = (txHash: Hex | undefined) => (txHash === undefined ? [] : [{ txHash, block: 1 }])
    await Promise.all(
      networks.map((network, index) => network.reorg(REORG_BLOCKS, keep(moved[index]))),
    )
  }
  await blocks(BLOCKS_TO_FINAL)
}

function payOnAll(networks: Stack['networks'], payment: Payment): Promise<Hex[]> {
  return Promise.all(networks.map((network) => network.pay(payment)))
}

/** A deposit in every block, so that there is one of every age when it ends. */
export async function playStream(
  { networks }: Stack,
  { tokens, nextBlock }: Omit<Round, 'reorg'>,
): Promise<void> {
  for (let block = 0; block < STREAM_BLOCKS; block += 1) {
    await payOnAll(networks, { to: ALICE, amount: tokens * TOKEN })
    await nextBlock()
  }
}
