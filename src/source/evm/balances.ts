import type { Balances, Holder } from '../../domain/audit.ts'
import type { Address, RailId } from '../../domain/chain.ts'
import { required } from '../../lib/assert.ts'
import { asArgument, BALANCE_OF_SELECTOR, readAmount } from '../balance-of.ts'
import { toQuantity } from '../wire/hex-field.ts'
import { headerCall, type EvmProvider } from './evm-provider.ts'
import { readHeader } from './header.ts'

/**
 * Balances in the final block, asked for by its height and in one batch with its header: whoever answers does so in
 * the state of the block that it shows there. A full node has the state of its newest 128 blocks, and the final one
 * is among them.
 */
export async function readBalances(
  provider: EvmProvider,
  contracts: ReadonlyMap<RailId, Address>,
  holders: readonly Holder[],
): Promise<Balances | null> {
  const finalized = await provider.finalized()
  if (finalized === null) return null
  const { height, hash } = finalized
  const calls = holders.map(({ rail, address }) => {
    const to = required(contracts.get(rail), `${rail} is a rail of this chain`)
    const data = `0x${BALANCE_OF_SELECTOR}${asArgument(address)}`
    return { method: 'eth_call', params: [{ to, data }, toQuantity(height)] }
  })
  const [header, ...amounts] = await provider.client.callAll([headerCall(height), ...calls])
  if (header === null || readHeader(header, height).hash !== hash) return null
  return { block: { height, hash }, spread: 0, amounts: amounts.map(readAmount) }
}
