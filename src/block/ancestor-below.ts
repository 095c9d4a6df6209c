import type { BlockRef } from '../domain/block.ts'
import type { ChainSource } from '../domain/source.ts'
import { beginSearch, narrow, probeHeight, type AnchorSearch } from './anchor-search.ts'
import { isCutShort, type ChainView } from './chain-view.ts'
import type { Meeting } from './common-ancestor.ts'

export interface Known {
  readonly source: Pick<ChainSource, 'header'>
  /** The highest block at or below a height in which a deposit stands. */
  readonly recordedBlock: (atMost: number) => Promise<BlockRef | null>
  /** The lowest block above a height in which one does. */
  readonly recordedAbove: (above: number) => Promise<BlockRef | null>
  /** Height of the chain's first block. */
  readonly start: number
}

/**
 * Where two branches meet below all the headers that link to our tip, of which `lowest` is gone. Of older blocks we
 * know those of deposits, and ends of ranges that a backfill has left us. The ancestor is the highest of them that the
 * provider still shows; where it shows none, the block below our first one. No deposit stands between it and where the
 * branches really part. That takes a question for each halving of the height, 25 or so, however deep it goes.
 *
 * It is null where the depth cannot be told, and `untold` says why (docs/finality.md lists the reasons).
 */
export async function findAncestorBelow(
  view: ChainView,
  lowest: BlockRef,
  known: Known,
): Promise<Meeting | 'unsteady'> {
  const unknown = (untold: string): Meeting => ({ ancestor: null, gone: lowest, untold })
  if (isCutShort(view, lowest)) return unknown('too many headers link to our newest block')
  const found = await search(view, lowest, known)
  const floor = Math.max(0, known.start - 1)
  if (found === null) return unknown(NOT_SERVED)
  if (found.gone.height <= floor)
    return unknown('it reaches into what was read below our first block')
  const stands = (found.stands?.height ?? -1) < floor ? null : found.stands
  const next = await nextKnown(view, found.gone, known)
  const isBetween = next !== null && next.height < lowest.height
  const [ancestor, above, higher] = await Promise.all([
    known.source.header(stands?.height ?? floor),
    known.source.header(found.gone.height),
    isBetween ? known.source.header(next.height) : null,
  ])
  if (ancestor === null || above === null || (isBetween && higher === null)) {
    return unknown(NOT_SERVED)
  }
  // Both ends are asked for twice: a divergence counts only where the provider repeats it.
  if (above.hash === found.gone.hash || ancestor.hash !== (stands ?? ancestor).hash) {
    return 'unsteady'
  }
  if (isBetween && higher?.hash === next.hash) {
    return unknown(
      `what we know is not of one branch, for block ${found.gone.height} is gone and ${next.height} above it stands`,
    )
  }
  return { ancestor, gone: found.gone }
}

const NOT_SERVED = 'old headers are not served'

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

/** The lowest block we know above one. */
async function nextKnown(
  view: ChainView,
  { height }: BlockRef,
  { recordedAbove }: Known,
): Promise<BlockRef | null> {
  const held = view.blocks.find((block) => block.height > height)
  const recorded = await recordedAbove(height)
  return (held?.height ?? Infinity) < (recorded?.height ?? Infinity) ? (held ?? null) : recorded
}
