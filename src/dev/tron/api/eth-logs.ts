import type { Hex } from '../../../lib/hex.ts'
import type { Block } from '../block.ts'
import type { View } from '../view.ts'
import { ethLogs, type PlacedLog } from './eth-json.ts'
import type { InfoOptions } from './info-json.ts'
import { textOf } from './request.ts'
import { RpcError } from './rpc-error.ts'

const RESULTS_MAX = 10_000
const TOPICS_MAX = 4

interface LogContext extends InfoOptions {
  readonly view: View
  readonly blockRangeMax: number
}

interface Filter {
  readonly blockHash?: unknown
  readonly fromBlock?: unknown
  readonly toBlock?: unknown
  readonly address?: unknown
  readonly topics?: unknown
}

/** One of these, or any: null. For each place of a topic, and for the address. */
type Wanted = ReadonlySet<string> | null

/** `eth_getLogs` with the habits of java-tron: an end beyond the head is cut off without a word. */
export function findLogs(
  context: LogContext,
  given: unknown,
  heightOf: (tag: unknown) => number,
): object[] {
  const filter: Filter = given ?? {}
  const addresses = readAddresses(filter.address)
  const topics = readTopics(filter.topics)
  const found: object[] = []
  for (const block of blocksOf(context, filter, heightOf)) {
    for (const placed of ethLogs(block, context)) {
      if (isWanted(placed, addresses, topics)) found.push(placed.json)
    }
    if (found.length > RESULTS_MAX) {
      throw new RpcError(-32_005, `query returned more than ${RESULTS_MAX} results`)
    }
  }
  return found
}

function blocksOf(
  { view, blockRangeMax }: LogContext,
  filter: Filter,
  heightOf: (tag: unknown) => number,
): Block[] {
  const window = view.all()
  if (filter.blockHash !== undefined) {
    const block = window.byId(textOf(filter.blockHash).slice(2))
    if (block === null) throw new RpcError(-32_602, 'invalid blockHash')
    return [block]
  }
  const from = heightOf(filter.fromBlock ?? 'latest')
  const to = heightOf(filter.toBlock ?? 'latest')
  if (from > to) throw new RpcError(-32_602, 'please verify: fromBlock <= toBlock')
  if (to - from > blockRangeMax) {
    throw new RpcError(-32_602, `exceed max block range: ${blockRangeMax}`)
  }
  const blocks: Block[] = []
  for (let height = from; height <= Math.min(to, window.head.height); height += 1) {
    const block = window.at(height)
    if (block !== null) blocks.push(block)
  }
  return blocks
}

function readAddresses(given: unknown): Wanted {
  if (given === undefined || given === null) return null
  const texts = [given].flat().map((text) => textOf(text).toLowerCase())
  if (texts.every((text) => /^0x[0-9a-f]{40}$/.test(text))) return new Set(texts)
  const message = 'exception decoding Hex string: invalid characters encountered in Hex string'
  const exceptionTypeName = 'org.bouncycastle.util.encoders.DecoderException'
  throw new RpcError(-32_001, message, { exceptionTypeName, message })
}

function readTopics(given: unknown): Wanted[] {
  if (given === undefined || given === null) return []
  if (!Array.isArray(given) || given.length > TOPICS_MAX) {
    throw new RpcError(-32_602, `topics size should be <= ${TOPICS_MAX}`)
  }
  return given.map((place: unknown) => {
    if (place === null) return null
    return new Set([place].flat().map((topic) => textOf(topic).toLowerCase()))
  })
}

function isWanted({ log }: PlacedLog, addresses: Wanted, topics: readonly Wanted[]): boolean {
  if (addresses !== null && !addresses.has(log.address)) return false
  return topics.every((wanted, place) => {
    const topic: Hex | undefined = log.topics[place]
    return wanted === null || (topic !== undefined && wanted.has(topic))
  })
}
