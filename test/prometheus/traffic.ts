import type { Address } from '../../src/domain/chain.ts'
import type { Hex } from '../../src/lib/hex.ts'
import { adapterFor } from '../../src/source/index.ts'
import type { Network } from '../../src/dev/network/network.ts'
import type { Stack } from '../../src/dev/stack.ts'

export const ALICE: Address = `0x${'a1'.repeat(20)}`
const BOB: Address = `0x${'b0'.repeat(20)}`
const TOKEN = 1_000_000n
/** The second band of the development chains asks for finality, from 10,000 on. */
const LARGE = 25_000n * TOKEN
/** A little more than `finalAfter` of the networks. */
const BLOCKS_TO_FINAL = 8

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
  /** After each block. */
  readonly pause: () => Promise<void>
}

/**
 * Deposits of both bands, and a reorg that moves one of them and takes the other out; then blocks until all that
 * is left is final.
 */
export async function playRound({ networks }: Stack, { tokens, pause }: Round): Promise<void> {
  const mine = async (): Promise<void> => {
    await Promise.all(networks.map((network) => network.mine()))
    await pause()
  }
  await Promise.all(networks.map((network) => network.pay({ to: ALICE, amount: tokens * TOKEN })))
  await Promise.all(networks.map((network) => network.pay({ to: ALICE, amount: LARGE })))
  await mine()
  const moved = await Promise.all(networks.map(payToBeMoved))
  await mine()
  await Promise.all(networks.map((network) => network.pay({ to: BOB, amount: tokens * TOKEN })))
  await mine()
  await Promise.all(
    networks.map((network, index) => {
      const txHash = moved[index]
      return network.reorg(2, txHash === undefined ? [] : [{ txHash, block: 1 }])
    }),
  )
  for (let block = 0; block < BLOCKS_TO_FINAL; block += 1) await mine()
}

function payToBeMoved(network: Network): Promise<Hex> {
  return network.pay({ to: BOB, amount: 3n * TOKEN })
}
