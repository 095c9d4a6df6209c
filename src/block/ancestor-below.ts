import type { BlockRef } from '../domain/block.ts'
import type { ChainSource } from '../domain/source.ts'
import { beginSearch, narrow, probeHeight, type AnchorSearch } from './anchor-search.ts'
import { isCutShort, type ChainView } from './chain-view.ts'
import type { Meeting } from './common-ancestor.ts'

export interface Known {
  readonly source: Pick<ChainSource, 'header' | 'isUpheld'>
  /** The highest block at or below a height in which a deposit stands. */
  readonly recordedBlock: (atMost: number) => Promise<BlockRef | null>
  /** Height of the chain's first block. */
  readonly start: number
}

/**
 * Where two branches meet below all the headers that link to our tip, of which `lowest` is gone. Of older blocks we know
 * those of deposits, and ends of ranges that a backfill has left us. The ancestor is the highest of them that the
 * provider still shows; where it shows none, the block below our first one. No deposit stands between it and where the
 * branches really part. That takes a question for each halving of the height, 25 or so, however deep it goes.
 *
 * It is null where the depth cannot be told: old headers are not served; what was read on purpose from below our first
 * block is gone as well; or other providers uphold a block that this one has replaced, so that somebody lies.
 */
export async function findAncestorBelow(
  view: ChainView,
  lowest: BlockRef,
  known: Known,
): Promise<Meeting | 'unsteady'> {
  const untold = { ancestor: null, gone: lowest }
  if (isCutShort(view, lowest)) return untold
  const found = await search(view, lowest, known)
  const floor = Math.max(0, known.start - 1)
  if (found === null || found.gone.height <= floor) return untold
  const stands = (found.stands?.height ?? -1) < floor ? null : found.stands
  const [ancestor, above] = await Promise.all([
    known.source.header(stands?.height ?? floor),
    known.source.header(found.gone.height),
  ])
  if (ancestor === null || above === null) return untold
  // Both ends are asked for twice: a divergence counts only where the provider repeats it.
  if (above.hash === found.gone.hash || ancestor.hash !== (stands ?? ancestor).hash) {
    return 'unsteady'
  }
  const isDisputed = await known.source.isUpheld(found.gone)
  return isDisputed ? untold : { ancestor, gone: found.gone }
}

/** Null where the provider does not serve a header that was asked for. */
async function search(
  view: ChainView,
  lowest: BlockRef,
  { source, recordedBlock }: Known,
): Promise<AnchorSearch | null> {
  let found = beginSearch(lowest)
  for (;;) {
    const probe = probeHeight(found)
    if (probe === null) return found
    const held = view.blocks.findLast(({ height }) => height <= probe)
    const recorded = await recordedBlock(probe)
    const block = higher(held ?? null, recorded)
    if (block === null || block.height <= found.low) {
      found = narrow(found, null)
      continue
    }
    const theirs = await source.header(block.height)
    if (theirs === null) return null
    found = narrow(found, { block, stands: theirs.hash === block.hash })
  }
}

function higher(a: BlockRef | null, b: BlockRef | null): BlockRef | null {
  return (a?.height ?? -1) > (b?.height ?? -1) ? a : b
}
