import { blockJson } from '../../../src/dev/tron/api/block-json.ts'
import { infosJson, type InfoOptions } from '../../../src/dev/tron/api/info-json.ts'
import { ethReceipts } from '../../../src/dev/tron/api/eth-json.ts'
import { TRON_LIES, type Lie, type Rates, type TronLie } from '../faults.ts'
import type { ProviderDeps } from './providers.ts'
import type { Sight } from './tron-node.ts'
import { toTron } from './tron-wire.ts'
import type { SimBlock } from './transaction.ts'

/** A question to a TRON node and the honest answer to it. */
export interface Asked {
  /** The path behind `/wallet/`, or the JSON-RPC method. */
  readonly what: string
  /** Null where the newest block, or a range, was asked for. */
  readonly height: number | null
  readonly answer: unknown
}

export interface LieContext {
  readonly sight: Sight
  readonly options: InfoOptions
  readonly deps: ProviderDeps
}

type Json = Readonly<Record<string, unknown>>
/** What becomes of the answer; the very same one where there is nothing to lie about. */
type Bend = (asked: Asked, context: LieContext) => unknown

const HEADERS: ReadonlySet<string> = new Set(['getblock', 'getblockbynum'])
/** An int64 that a double cannot tell from its neighbours. */
const HUGE_NUMBER = 2 ** 60

const BENDS: Readonly<Record<TronLie, Bend>> = {
  null_block: ({ what, height, answer }) => {
    if (what === 'eth_getBlockByNumber') return null
    return HEADERS.has(what) && height !== null ? {} : answer
  },
  other_block: (asked, { sight }) => {
    const { height } = asked
    return showing(asked, height === null ? null : sight.at(height - 1))
  },
  sibling_block: (asked, context) => {
    const { finalized } = context.deps.chain
    const isOpen = (asked.height ?? 0) > (finalized?.height ?? -1)
    return showing(asked, isOpen ? siblingAt(asked.height, context) : null)
  },
  odd_id: ({ what, answer }) => {
    if (!HEADERS.has(what)) return answer
    const { blockID } = answer as { blockID?: string }
    if (blockID === undefined) return answer
    return { ...(answer as Json), blockID: `00000000f${blockID.slice(9)}` }
  },
  huge_number: ({ what, answer }) => {
    if (!HEADERS.has(what)) return answer
    const { block_header: header } = answer as { block_header?: { raw_data: Json } }
    if (header === undefined) return answer
    const raw_data = { ...header.raw_data, timestamp: HUGE_NUMBER }
    return { ...(answer as Json), block_header: { ...header, raw_data } }
  },
  bare_block: ({ what, answer }) => {
    if (what !== 'getblockbynum' || !('transactions' in (answer as Json))) return answer
    return { ...(answer as Json), transactions: undefined }
  },
  missing_ret: (asked) =>
    withTransaction(asked, (transaction) => ({ ...transaction, ret: undefined })),
  other_ret: (asked) =>
    withTransaction(asked, (transaction) => {
      const [{ contractRet }] = transaction['ret'] as [{ contractRet: string }]
      const other = contractRet === 'SUCCESS' ? 'OUT_OF_TIME' : 'SUCCESS'
      return { ...transaction, ret: [{ contractRet: other }] }
    }),
  empty_infos: (asked) => withInfos(asked, () => []),
  missing_info: (asked) => withInfos(asked, (infos) => infos.slice(1)),
  doubled_info: (asked) =>
    withInfos(asked, (infos) => (infos.length > 1 ? [infos[0], ...infos.slice(0, -1)] : infos)),
  sibling_infos: (asked, context) =>
    withInfos(asked, (infos) => {
      const { height } = asked
      const other = siblingAt(height, context) ?? context.sight.at((height ?? 0) - 1)
      return other === null || other.height === 0
        ? infos
        : infosJson(toTron(other), context.options)
    }),
  other_result: (asked) =>
    withInfos(asked, ([first, ...rest]) => [{ ...first, ...flipped(first) }, ...rest]),
  foreign_log: (asked, { deps }) =>
    withInfos(asked, ([first, ...rest]) => [withForeignLog(first, deps), ...rest]),
  empty_range: (asked, { deps }) =>
    withRange(asked, () => (deps.dice.chance(0.5) ? {} : { block: [] })),
  short_range: (asked, { deps }) =>
    withRange(asked, (blocks) => ({ block: blocks.slice(0, deps.dice.between(1, blocks.length)) })),
  mixed_range: (asked, context) => withRange(asked, (blocks) => mixed(blocks, context)),
  no_receipts: ({ what, answer }) => (what === 'eth_getBlockReceipts' ? null : answer),
  missing_receipt: ({ what, answer }) =>
    what === 'eth_getBlockReceipts' && Array.isArray(answer) ? answer.slice(1) : answer,
  sibling_receipts: ({ what, height, answer }, context) => {
    if (what !== 'eth_getBlockReceipts' || !Array.isArray(answer)) return answer
    const other = siblingAt(height, context) ?? context.sight.at((height ?? 0) - 1)
    return other === null ? answer : ethReceipts(toTron(other), context.options)
  },
  error_object: ({ what, answer }) =>
    what.startsWith('eth_') ? answer : { Error: 'class java.lang.NullPointerException : null' },
}

/** Perhaps something else than the truth. Each lie is one that nodes, or what stands in front of them, have told. */
export function lieOnTron(asked: Asked, rates: Rates<Lie | TronLie>, context: LieContext): unknown {
  const { dice, coverage, transcript } = context.deps
  const drawn = TRON_LIES.find((name) => dice.chance(rates[name] ?? 0))
  if (drawn === undefined) return asked.answer
  const told = BENDS[drawn](asked, context)
  if (told === asked.answer) return told
  coverage.count(`F9 ${drawn}`)
  transcript.tell(`a provider lies: ${drawn} at ${asked.what}`)
  return told
}

function showing({ what, answer }: Asked, block: SimBlock | null): unknown {
  if (block === null || !HEADERS.has(what)) return answer
  return blockJson(toTron(block), what === 'getblockbynum')
}

/** The block of another branch at a height, if there ever was one. */
function siblingAt(height: number | null, { sight, deps }: LieContext): SimBlock | null {
  if (height === null) return null
  const ours = sight.at(height)
  const all = [...deps.chain.blocks.values()]
  const others = all.filter((block) => block.height === height && block !== ours)
  return others.length === 0 || ours === null ? null : deps.dice.pick(others)
}

/** Bends the first transaction of a whole block. */
function withTransaction({ what, answer }: Asked, bend: (transaction: Json) => Json): unknown {
  if (what !== 'getblockbynum') return answer
  const { transactions = [] } = answer as { transactions?: readonly Json[] }
  const [first, ...rest] = transactions
  return first === undefined
    ? answer
    : { ...(answer as Json), transactions: [bend(first), ...rest] }
}

function withInfos({ what, answer }: Asked, bend: (infos: readonly Json[]) => unknown): unknown {
  if (what !== 'gettransactioninfobyblocknum' || !Array.isArray(answer)) return answer
  return answer.length === 0 ? answer : bend(answer as Json[])
}

function withRange({ what, answer }: Asked, bend: (blocks: readonly Json[]) => object): unknown {
  if (what !== 'getblockbylimitnext') return answer
  const { block = [] } = answer as { block?: readonly Json[] }
  return block.length === 0 ? answer : bend(block)
}

/** An info that says the opposite of its outcome. */
function flipped(info: Json | undefined): Json {
  const isFailed = info?.['result'] === 'FAILED'
  const receipt = { result: isFailed ? 'SUCCESS' : 'REVERT' }
  return isFailed ? { result: undefined, receipt } : { result: 'FAILED', receipt }
}

function withForeignLog(info: Json | undefined, { dice }: ProviderDeps): Json {
  const logs = (info?.['log'] ?? []) as readonly Json[]
  const [model] = logs
  const address = dice.hex(20).slice(2)
  return { ...info, log: [{ ...model, address, topics: [dice.hex(32).slice(2)] }, ...logs] }
}

/** Another branch's block among them, or a hole where one was. */
function mixed(blocks: readonly Json[], context: LieContext): object {
  const index = context.deps.dice.between(0, blocks.length - 1)
  const id = String(blocks[index]?.['blockID'])
  const other = siblingAt(Number.parseInt(id.slice(0, 16), 16), context)
  const instead = other === null ? [] : [blockJson(toTron(other))]
  return { block: [...blocks.slice(0, index), ...instead, ...blocks.slice(index + 1)] }
}
