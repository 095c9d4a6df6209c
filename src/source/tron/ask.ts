import PQueue from 'p-queue'
import { WIDE_LIMITS } from '../wire/exchange.ts'
import { contradict, ProviderFailure } from '../wire/failure.ts'
import { readBlock, type TronBlock } from './block-answer.ts'
import type { Reading } from './execution.ts'
import { readList, readObject } from './field.ts'
import { readInfos, type TransactionInfo } from './info-answer.ts'
import { joinInfos } from './join-infos.ts'
import { assertLinked } from './linked.ts'
import type { NodeApi } from './node-api.ts'

/** Questions about transaction infos under way at once; a hosted API allows a few a second. */
const INFOS_AT_ONCE = 4

/** Null when the node does not have it. */
export async function askBlock(node: NodeApi, height: number): Promise<TronBlock | null> {
  return readBlock(await node.ask('/wallet/getblockbynum', { num: height }), height)
}

/** An empty list may be an empty block, one not known yet, or one whose infos are not served yet. */
export async function askInfos(node: NodeApi, height: number): Promise<TransactionInfo[]> {
  // The genesis block has none, and the node answers `{}` instead of a list.
  if (height === 0) return []
  const path = '/wallet/gettransactioninfobyblocknum'
  return readInfos(await node.ask(path, { num: height }, WIDE_LIMITS))
}

/** A block together with its infos; null when they are not all served yet. */
export async function askReading(node: NodeApi, block: TronBlock): Promise<Reading | null> {
  const infos = block.transactions.length === 0 ? [] : await askInfos(node, block.height)
  return joinInfos(block, infos)
}

/** Several of them at once, and none any more after the first failure. */
export async function askReadings(
  node: NodeApi,
  blocks: readonly TronBlock[],
): Promise<(Reading | null)[]> {
  const queue = new PQueue({ concurrency: INFOS_AT_ONCE })
  try {
    return await Promise.all(blocks.map((block) => queue.add(() => askReading(node, block))))
  } catch (error) {
    queue.clear()
    throw error
  }
}

/**
 * Consecutive, linked blocks from `from` on, one at least. The node takes the end as exclusive, and gives fewer
 * where its chain ends sooner, or none at all where it was asked for too many.
 */
export async function askBlocks(node: NodeApi, from: number, to: number): Promise<TronBlock[]> {
  const question = { startNum: from, endNum: to + 1 }
  const answer = await node.ask('/wallet/getblockbylimitnext', question, WIDE_LIMITS)
  const list = readList(readObject(answer, 'range')['block'], 'block')
  if (list.length === 0) {
    throw new ProviderFailure('unknown_block', `blocks from ${from} on are not served`)
  }
  if (list.length > to - from + 1) contradict('more blocks than asked for', { from, to })
  const blocks = list.map((raw, index) => {
    const block = readBlock(readObject(raw, 'block'), from + index)
    return block ?? contradict('an empty block in a range', { height: from + index })
  })
  assertLinked(blocks)
  return blocks
}
