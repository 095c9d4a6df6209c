import type { BlockHeader, BlockRef } from '../domain/block.ts'
import type { ChainSource } from '../domain/source.ts'
import { findAncestorBelow, type Known } from './ancestor-below.ts'
import type { Halt } from './block-store.ts'
import { planReorg, tipOf, type ChainView } from './chain-view.ts'
import { findAncestor, type Meeting } from './common-ancestor.ts'

/** What a divergence from our view leads to. */
export type Reorg =
  /** It was not repeated, or the provider switches branches under our eyes: looked at again later. */
  | { readonly kind: 'unsteady' }
  /** A node hangs on a branch that was left. It rests, unless it has let go of the block that shows it. */
  | { readonly kind: 'left_behind' }
  | { readonly kind: 'halt'; readonly halt: Halt }
  | {
      readonly kind: 'follow'
      readonly ancestor: BlockHeader
      readonly blocks: readonly BlockRef[]
    }

/** Who is asked, and what is known of blocks whose headers were let go. */
export interface Evidence extends Pick<Known, 'recordedBlock' | 'recordedAbove'> {
  readonly source: Pick<ChainSource, 'header' | 'isUpheld'>
  /** Height of the chain's first block; asked for where headers do not tell. */
  readonly startHeight: () => Promise<number>
}

/**
 * What is above the finalized block is followed at the word of one provider. Whatever goes deeper is a person's to
 * accept, and is not offered while other providers uphold what this one has replaced: then it is one provider that has
 * changed its mind, and not the chain. Below our headers the others are asked at every look, also after a person has
 * accepted: only there may the depth be another than the one that was accepted.
 */
export async function judgeReorg(
  view: ChainView,
  head: BlockRef,
  evidence: Evidence,
): Promise<Reorg> {
  const { source } = evidence
  const near = await findAncestor(view, head, source)
  if (near === 'unsteady') return { kind: 'unsteady' }
  const isNear = near.ancestor !== null
  const found = isNear ? near : await findUndisputedBelow(view, near.gone, evidence)
  if (found === 'unsteady') return { kind: 'unsteady' }
  const plan = planReorg(view, found.ancestor)
  if (plan.kind === 'disconnect') return { ...plan, kind: 'follow' }
  if (await isLeftBehind(view, head, source)) return { kind: 'left_behind' }
  const { ancestor, gone, untold } = isNear ? await undisputed(found, source) : found
  const reason =
    untold === undefined ? plan.reason : `${plan.reason}; no ancestor is known: ${untold}`
  return { kind: 'halt', halt: { reason, head, ancestor, gone } }
}

async function findUndisputedBelow(
  view: ChainView,
  lowest: BlockRef,
  { startHeight, ...known }: Evidence,
): Promise<Meeting | 'unsteady'> {
  const found = await findAncestorBelow(view, lowest, { ...known, start: await startHeight() })
  return found === 'unsteady' ? found : undisputed(found, known.source)
}

/** Without the ancestor, where other providers still call final what is gone. */
async function undisputed(found: Meeting, source: Pick<ChainSource, 'isUpheld'>): Promise<Meeting> {
  const { ancestor, gone } = found
  if (ancestor === null || !(await source.isUpheld(gone))) return found
  return { ancestor: null, gone, untold: `other providers uphold block ${gone.height}` }
}

/**
 * A branch that ends below our tip and leaves it below the finalized block is what a node shows that hangs on a
 * block which was left. While providers uphold our finalized block, the chain has not broken its word, and halting it
 * would stop all of them for one.
 */
async function isLeftBehind(
  view: ChainView,
  head: BlockRef,
  source: Pick<ChainSource, 'isUpheld'>,
): Promise<boolean> {
  const { finalized } = view
  const isShorter = head.height < (tipOf(view)?.height ?? 0)
  return isShorter && finalized !== null && source.isUpheld(finalized)
}
