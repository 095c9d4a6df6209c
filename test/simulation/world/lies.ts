import type { Hex } from '../../../src/lib/hex.ts'
import { LIES, type Lie, type Rates } from '../faults.ts'
import {
  logObject,
  quantity,
  type EvmManners,
  type LogFilter,
  type RpcRequest,
} from './evm-node.ts'
import { forgePayment, type Forgery } from './forgery.ts'
import type { ProviderDeps } from './providers.ts'
import type { Replica } from './replica.ts'

interface LieContext {
  readonly replica: Replica
  readonly manners: EvmManners
  readonly deps: ProviderDeps
  readonly forged: Forgery[]
}

interface RawLog {
  readonly blockHash: Hex
  readonly blockNumber: string
  readonly logIndex: string
}

/** Perhaps something else than the truth. Each lie is one that nodes have told. */
export function lie(
  request: RpcRequest,
  result: unknown,
  rates: Rates<Lie>,
  context: LieContext,
): unknown {
  const { dice, coverage, transcript } = context.deps
  const drawn = LIES.find((name) => dice.chance(rates[name] ?? 0))
  if (drawn === undefined) return result
  const told = tell(drawn, request, result, context)
  if (told === result) return result
  coverage.count(`F4/F5 ${drawn}`)
  transcript.tell(`a provider lies: ${drawn} at ${request.method}`)
  return told
}

function tell(drawn: Lie, request: RpcRequest, result: unknown, context: LieContext): unknown {
  if (request.method === 'eth_getBlockByNumber')
    return lieAboutBlock(drawn, request, result, context)
  if (request.method !== 'eth_getLogs' || !Array.isArray(result)) return result
  return lieAboutLogs(drawn, request.params[0] as LogFilter, result as RawLog[], context)
}

function lieAboutBlock(
  drawn: Lie,
  { params }: RpcRequest,
  result: unknown,
  context: LieContext,
): unknown {
  if (drawn === 'null_block' && params[0] !== 'latest') return null
  if (drawn !== 'other_block' || typeof params[0] !== 'string' || result === null) return result
  const { number } = result as { number: string }
  return params[0] === 'latest'
    ? result
    : { ...(result as object), number: quantity(Number(number) + 1 + context.replica.tip.height) }
}

/** All logs are left out of answers about one block only: of a range nothing but both ends' blooms can tell. */
function lieAboutLogs(
  drawn: Lie,
  filter: LogFilter,
  logs: readonly RawLog[],
  context: LieContext,
): readonly object[] {
  const [first] = logs
  const { dice } = context.deps
  if (drawn === 'omitted_logs') return filter.blockHash === undefined ? logs : []
  if (drawn === 'forged_transfer') return forge(filter, logs, context)
  if (first === undefined) return logs
  switch (drawn) {
    case 'foreign_log':
      return [...logs, { ...logs.at(-1), address: dice.hex(20), logIndex: '0xffff' }]
    case 'duplicated_logs': {
      const at = dice.chance(0.5) ? 1 : logs.length
      return logs.toSpliced(at, 0, first)
    }
    case 'sibling_logs':
      return logs.map((log) => ({ ...log, blockHash: first.blockHash.replace(/^0x../, '0x00') }))
    case 'unsorted_logs':
      return logs.length > 1 ? logs.toReversed() : logs
    case 'removed_logs':
      return logs.map((log) => ({ ...log, removed: true }))
    case 'thinned_logs':
      return logs.length > 1 ? logs.toSpliced(dice.between(0, logs.length - 1), 1) : logs
    case 'null_block':
    case 'other_block':
      return logs
  }
}

/** One more payment, to the recipient of an honest one. */
function forge(filter: LogFilter, logs: readonly RawLog[], context: LieContext): readonly object[] {
  const { replica, manners, deps, forged } = context
  const last = logs.at(-1)
  if (filter.blockHash === undefined || last === undefined) return logs
  const block = replica.byHash(filter.blockHash)
  const model = block?.transactions.find(({ logs: moved }) => moved.length > 0)
  const log = model?.logs[0]
  if (block === null || model === undefined || log === undefined) return logs
  const moved = { ...log, contract: filter.address?.[0] ?? log.contract }
  const transaction = forgePayment(block, moved, deps)
  forged.push({ blockHash: block.hash, transaction: transaction.hash })
  const placed = { log: moved, transaction, logIndex: Number(last.logIndex) + 1 }
  return [...logs, { ...logObject(placed, block, manners), transactionIndex: '0x0' }]
}
