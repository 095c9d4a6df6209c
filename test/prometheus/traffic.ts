import type { Address } from '../../src/domain/chain.ts'
import type { Hex } from '../../src/lib/hex.ts'
import { adapterFor } from '../../src/source/index.ts'
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
  /** Comes back when every chain has another block, and everybody time to see it. */
  readonly nextBlock: () => Promise<void>
}

/**
 * Deposits of both bands, and a reorg that moves one of them and takes the other out; then blocks until all that
 * is left is final.
 */
export async function playRound({ networks }: Stack, { tokens, nextBlock }: Round): Promise<void> {
  const blocks = async (count: number): Promise<void> => {
    for (let block = 0; block < count; block += 1) await nextBlock()
  }
  const payAll = (to: Address, amount: bigint): Promise<Hex[]> =>
    Promise.all(networks.map((network) => network.pay({ to, amount })))
  await payAll(ALICE, tokens * TOKEN)
  await payAll(ALICE, LARGE)
  await blocks(3)
  const moved = await payAll(BOB, 3n * TOKEN)
  await blocks(1)
  await payAll(BOB, tokens * TOKEN)
  await blocks(1)
  await Promise.all(
    networks.map((network, index) => {
      const txHash = moved[index]
      return network.reorg(REORG_BLOCKS, txHash === undefined ? [] : [{ txHash, block: 1 }])
    }),
  )
  await blocks(BLOCKS_TO_FINAL)
}
