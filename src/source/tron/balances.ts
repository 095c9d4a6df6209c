import type { Balances, Holder } from '../../domain/audit.ts'
import type { Address, RailId } from '../../domain/chain.ts'
import { required } from '../../lib/assert.ts'
import { asArgument, BALANCE_OF, readAmount } from '../balance-of.ts'
import type { TronProvider } from './tron-provider.ts'

/**
 * No answer names the block whose state it speaks of, and behind one URL there may be several nodes, each with a
 * solid block of its own: half a minute of blocks is more than they differ by, with the time that asking takes.
 */
const SPREAD_BLOCKS = 10
/** How far the solid block may move while balances are asked for, so that the rest is left for nodes that lag. */
const MOVE_BLOCKS_MAX = 5

/** Balances in the solid state, the only final one that a node serves, between two looks at where it stands. */
export async function readBalances(
  provider: TronProvider,
  contracts: ReadonlyMap<RailId, Address>,
  holders: readonly Holder[],
): Promise<Balances | null> {
  const before = await provider.finalized()
  if (before === null) return null
  const amounts: (bigint | null)[] = []
  for (const { rail, address } of holders) {
    const contract = required(contracts.get(rail), `${rail} is a rail of this chain`)
    amounts.push(await askBalance(provider, contract, address))
  }
  const after = await provider.finalized()
  if (after === null || Math.abs(after.height - before.height) > MOVE_BLOCKS_MAX) return null
  const { height, hash } = before
  return { block: { height, hash }, spread: SPREAD_BLOCKS, amounts }
}

interface ConstantAnswer {
  readonly result: { readonly result?: unknown; readonly message?: unknown } | null
  readonly constant_result: unknown
}

async function askBalance(
  { solidity }: TronProvider,
  contract: Address,
  holder: Address,
): Promise<bigint | null> {
  const answer = await solidity.ask('/walletsolidity/triggerconstantcontract', {
    owner_address: prefixed(holder),
    contract_address: prefixed(contract),
    function_selector: BALANCE_OF,
    parameter: asArgument(holder),
  })
  // A call that reverts says `true` all the same, and means it only in its message.
  const { result, constant_result: given } = answer as Partial<ConstantAnswer>
  if (result?.result !== true || result.message !== undefined || !Array.isArray(given)) return null
  return typeof given[0] === 'string' ? readAmount(`0x${given[0]}`) : null
}

/** A node reads addresses with their version byte, and without `0x`. */
function prefixed(address: Address): string {
  return `41${address.slice(2)}`
}
