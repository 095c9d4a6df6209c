import type { BlockRef } from '../domain/block.ts'
import { assert } from '../lib/assert.ts'

/**
 * Where the search for the highest block of ours that still stands has come to, among blocks of which we know height
 * and hash but not the links between them. Our blocks are one branch, and so are the provider's: what stands at a
 * height stands below it as well, so halving what lies between is enough, however much of it there is.
 */
export interface AnchorSearch {
  /** The highest block found so far that the provider shows as we know it; null: none yet. */
  readonly stands: BlockRef | null
  /** The lowest one found so far in whose place the provider shows another. */
  readonly gone: BlockRef
  /** Up to here nothing is left to ask about: we know no block between `stands` and this height. */
  readonly low: number
}

/** Whether the provider still shows a block we know. */
export interface Probed {
  readonly block: BlockRef
  readonly stands: boolean
}

export function beginSearch(gone: BlockRef): AnchorSearch {
  return { stands: null, gone, low: -1 }
}

/** What comes next is the highest block we know at or below this height; null: the search is over. */
export function probeHeight({ low, gone }: AnchorSearch): number | null {
  return gone.height - low > 1 ? (low + gone.height) >> 1 : null
}

/** `finding` is about the block the probe led to; null where we know none above `low`. */
export function narrow(search: AnchorSearch, probed: Probed | null): AnchorSearch {
  const probe = probeHeight(search)
  assert(probe !== null, 'the search is over')
  if (probed === null) return { ...search, low: probe }
  const { block, stands } = probed
  assert(
    block.height > search.low && block.height <= probe,
    `block ${block.height} does not lie above ${search.low} and at or below ${probe}`,
  )
  return stands ? { ...search, stands: block, low: probe } : { ...search, gone: block }
}
