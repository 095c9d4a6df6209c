import type { BlockHeader, BlockRef } from '../domain/block.ts'
import type { ChainSource } from '../domain/source.ts'
import { required } from '../lib/assert.ts'
import { blockAt, tipOf, type ChainView } from './chain-view.ts'

/** Where the provider's branch and ours meet. */
export interface Meeting {
  /** The highest block of ours that the provider shows, as far as can be told; null where it cannot. */
  readonly ancestor: BlockHeader | null
  /** The lowest block of ours in whose place the provider shows another, as far as can be told. */
  readonly gone: BlockRef
  /** Why there is no ancestor to tell of. */
  readonly untold?: string
}

/**
 * Walks down from where the provider's branch and ours part until they meet, reading every header anew: a
 * divergence counts only if the provider repeats it and its own headers link. `ancestor` is null when they do not
 * meet in the headers that link to our tip. `unsteady`: the provider no longer shows the divergence, or is switching
 * branches under our eyes; look again later. Bounded by the blocks we hold.
 */
export async function findAncestor(
  view: ChainView,
  head: BlockRef,
  source: Pick<ChainSource, 'header'>,
): Promise<Meeting | 'unsteady'> {
  const tip = required(tipOf(view), 'a reorg of an empty view')
  const start = Math.min(head.height, tip.height)
  let child: BlockHeader | null = null
  let gone: BlockRef = tip
  for (let height = start; ; height -= 1) {
    const ours = blockAt(view, height)
    if (ours === null) return { ancestor: null, gone }
    const theirs: BlockHeader | null = await source.header(height)
    if (theirs === null) return 'unsteady'
    if (child !== null && child.parentHash !== theirs.hash) return 'unsteady'
    if (theirs.hash === ours.hash) {
      return height === start ? 'unsteady' : { ancestor: ours, gone }
    }
    child = theirs
    gone = ours
  }
}
