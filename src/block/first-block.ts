import type { Block } from '../domain/block.ts'
import type { Chain } from '../domain/chain.ts'
import type { ChainSource } from '../domain/source.ts'
import type { Sight } from './head-sight.ts'

/** Where a chain is to begin. */
export interface Beginning {
  readonly chain: Pick<Chain, 'reorgWindow'>
  readonly source: Pick<ChainSource, 'block' | 'isFinal'>
  readonly start: number | 'finalized'
}

/**
 * The first block ever: where the operator said, or the newest that cannot be undone. Below it nothing is held that a
 * reorg could go back to: where blocks are called final as far up, it has to be one of them. Null while it is not,
 * or is not served.
 */
export async function readFirstBlock(
  { chain, source, start }: Beginning,
  { head, claimed }: Sight,
): Promise<Block | null> {
  // While the chain calls nothing final, as far below the head as a reorg may reach: its first block must stay.
  const settledHeight = claimed?.height ?? Math.max(0, head.height - chain.reorgWindow)
  const height = start === 'finalized' ? settledHeight : start
  const block = await source.block(height)
  const isClaimed = claimed !== null && height <= claimed.height
  if (block !== null && isClaimed && !(await source.isFinal(block))) return null
  return block
}
