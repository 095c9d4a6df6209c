import type { Block } from '../domain/block.ts'
import type { ChainSource } from '../domain/source.ts'

/** Blocks read at once near the head: enough to catch up after a pause, few enough for one transaction. */
const LIVE_BLOCKS_MAX = 16

/** Near the head: block by block, each bound to its hash, up to the first one that is not served. */
export async function readLiveBlocks(
  source: Pick<ChainSource, 'block'>,
  from: number,
  headHeight: number,
): Promise<Block[]> {
  const to = Math.min(headHeight, from + LIVE_BLOCKS_MAX - 1)
  const heights = Array.from({ length: to - from + 1 }, (_, index) => from + index)
  const answers = await Promise.all(heights.map((height) => source.block(height)))
  const missing = answers.indexOf(null)
  return (missing === -1 ? answers : answers.slice(0, missing)) as Block[]
}
