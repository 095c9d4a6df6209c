import type { BlockHeader, BlockRef } from '../domain/block.ts'
import type { Chain } from '../domain/chain.ts'
import { sameBlock } from '../domain/block.ts'
import { assert } from '../lib/assert.ts'
import type { Hex } from '../lib/hex.ts'

/**
 * Our hash-linked view of one chain, as a value: nothing here does IO, and every change returns a new view.
 *
 * Invariants: `blocks` ascend by height and end with the tip; from the finalized block upwards they are
 * contiguous, so that every height a reorg may touch has a hash to compare with. Below it there may be gaps,
 * because a backfill keeps only the blocks that matter. Finality never goes back.
 */
export interface ChainView {
  readonly blocks: readonly BlockHeader[]
  readonly finalized: BlockRef | null
}

export const EMPTY_VIEW: ChainView = { blocks: [], finalized: null }

export type Decision =
  /** The head is what we already have. */
  | 'nothing_new'
  /** The head went back on our own branch: a lagging replica, not a reorg. It changes nothing. */
  | 'head_lags'
  /** There are blocks above our tip. Whether they link to it shows when they are read. */
  | 'head_is_above'
  /** At a height we hold, the provider shows another block. */
  | 'head_diverges'

/** What a reported head means for a view that has a tip. */
export function decide(view: ChainView, head: BlockRef): Decision {
  if (isTip(view, head)) return 'nothing_new'
  if (isAboveTip(view, head)) return 'head_is_above'
  if (contradictsUs(view, head)) return 'head_diverges'
  return 'head_lags'
}

export function tipOf(view: ChainView): BlockHeader | null {
  return view.blocks.at(-1) ?? null
}

/** The block we hold at a height, or null where we hold none. */
export function blockAt(view: ChainView, height: number): BlockHeader | null {
  let low = 0
  let high = view.blocks.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const block = view.blocks[middle]
    if (block === undefined || block.height === height) return block ?? null
    if (block.height < height) low = middle + 1
    else high = middle - 1
  }
  return null
}

/**
 * The leading part of `blocks` that links to the tip, block by block. Empty: not even the first one does. A hash
 * belongs to one block, so one that bears the hash of another links to nothing.
 */
export function linkedPrefix<B extends BlockHeader>(view: ChainView, blocks: readonly B[]): B[] {
  const linked: B[] = []
  // Only these are looked for: a set of all that are held would take ten milliseconds while finality stalls.
  const coming = new Set(blocks.map(({ hash }) => hash))
  const taken = new Set<Hex>()
  for (const { hash } of view.blocks) if (coming.has(hash)) taken.add(hash)
  let parent: BlockRef | null = tipOf(view)
  for (const block of blocks) {
    if (parent !== null && !isChild(block, parent)) break
    if (taken.has(block.hash)) break
    taken.add(block.hash)
    linked.push(block)
    parent = block
  }
  return linked
}

/** The block of ours whose hash a block above our tip bears. Where that one links to the tip, it is a lie. */
export function namesakeOf(view: ChainView, { hash }: BlockRef): BlockHeader | null {
  return view.blocks.find((block) => block.hash === hash) ?? null
}

/**
 * The view with `headers` on top. Out-of-order headers are a bug of the caller, not bad luck.
 * `covered` says that blocks between the headers exist but are not kept (a backfill).
 */
export function connect(
  view: ChainView,
  headers: readonly BlockHeader[],
  covered: boolean,
): ChainView {
  let parent = tipOf(view)
  for (const header of headers) {
    const inOrder =
      parent === null || isChild(header, parent) || (covered && header.height > parent.height)
    assert(
      inOrder,
      `block ${header.height} ${header.hash} does not follow ${parent?.height} ${parent?.hash}`,
    )
    parent = header
  }
  return { ...view, blocks: [...view.blocks, ...headers] }
}

/** The view after everything above `ancestor` has left it. One that we do not hold becomes its tip. */
export function disconnect(view: ChainView, ancestor: BlockHeader): ChainView {
  const isHeld = isOnOurBranch(view, ancestor)
  assert(
    isHeld || (blockAt(view, ancestor.height) === null && isAgreedUpon(view, ancestor)),
    `the ancestor ${ancestor.height} ${ancestor.hash} is not in our view`,
  )
  const kept = view.blocks.filter((block) => block.height <= ancestor.height)
  return { ...view, blocks: isHeld ? kept : [...kept, ancestor] }
}

/** The view without blocks that no reorg we would follow can touch any more. */
export function prune(view: ChainView, chain: Chain): ChainView {
  const floor = pruneFloor(view, chain)
  const first = view.blocks[0]
  if (first === undefined || first.height >= floor) return view
  return { ...view, blocks: view.blocks.filter((block) => block.height >= floor) }
}

/**
 * Blocks held at most, however long finality stalls: a week of Ethereum. Its longest stall so far was 42 epochs,
 * 1,344 blocks (2025-12-04).
 */
const VIEW_BLOCKS_MAX = 50_000

/** The lowest height to keep: a reorg window below the finalized block. */
export function pruneFloor(view: ChainView, chain: Chain): number {
  const tip = tipOf(view)?.height ?? 0
  return Math.max(0, (view.finalized?.height ?? 0) - chain.reorgWindow, tip - VIEW_BLOCKS_MAX)
}

/**
 * Whether there are so many headers, down to the `lowest` that links to our tip, that others may have been let go from
 * above a finalized block that stalls. A person's agreement to go back below them could then not be told from that
 * stall: `isAgreedUpon` would take the one for the other.
 */
export function isCutShort(view: ChainView, lowest: BlockRef): boolean {
  const length = (tipOf(view)?.height ?? 0) - lowest.height
  // Half: a reorg that was followed may just have made it shorter.
  return length >= VIEW_BLOCKS_MAX / 2
}

export type FinalityVerdict =
  | { readonly kind: 'accepted'; readonly finalized: BlockRef }
  /** Nothing new, or something we cannot compare with a block of ours yet. */
  | { readonly kind: 'unchanged' }
  /** The provider calls a block final that contradicts ours at the same height. */
  | { readonly kind: 'contradicts'; readonly ours: BlockRef }

/**
 * Whether a provider's finalized block may be believed: only if we hold that very block. One above our tip is
 * believed once the tip has come to it: that our tip is its ancestor is exactly what has not been shown, and two
 * providers may stand on two branches. The maximum is kept; a stalled or regressing tag changes nothing.
 */
export function judgeFinality(view: ChainView, claimed: BlockRef): FinalityVerdict {
  const ours = blockAt(view, claimed.height)
  if (ours === null) return { kind: 'unchanged' }
  if (ours.hash !== claimed.hash) return { kind: 'contradicts', ours }
  if (view.finalized !== null && claimed.height <= view.finalized.height)
    return { kind: 'unchanged' }
  return { kind: 'accepted', finalized: { height: ours.height, hash: ours.hash } }
}

export function finalize(view: ChainView, finalized: BlockRef): ChainView {
  assert(
    view.finalized === null || finalized.height >= view.finalized.height,
    `finality went back from ${view.finalized?.height} to ${finalized.height}`,
  )
  return { ...view, finalized }
}

export type ReorgPlan =
  | {
      readonly kind: 'disconnect'
      readonly ancestor: BlockHeader
      readonly blocks: readonly BlockRef[]
    }
  | { readonly kind: 'halt'; readonly reason: string }

/**
 * What a divergence leads to. `ancestor` is the highest block of ours that the provider still shows, or null
 * when it cannot be told. A reorg past `final`, or below all that links to our tip, is never followed: either the
 * chain broke its word or the provider lies, and which of the two it is, a person decides.
 */
export function planReorg(view: ChainView, ancestor: BlockHeader | null): ReorgPlan {
  if (ancestor === null || !(isOnOurBranch(view, ancestor) || isAgreedUpon(view, ancestor))) {
    return { kind: 'halt', reason: 'a reorg reaches below every header we hold' }
  }
  if (view.finalized !== null && ancestor.height < view.finalized.height) {
    return { kind: 'halt', reason: 'a reorg reaches below the finalized block' }
  }
  const blocks = view.blocks.filter((block) => block.height > ancestor.height).toReversed()
  return { kind: 'disconnect', ancestor, blocks }
}

/**
 * Whether a person has agreed to go back as far as to this block, which we do not hold. Agreeing takes finality there;
 * nothing else ever puts it below the headers that link to our tip.
 */
function isAgreedUpon({ finalized }: ChainView, ancestor: BlockRef): boolean {
  if (finalized === null) return false
  return ancestor.height > finalized.height || sameBlock(ancestor, finalized)
}

function isTip(view: ChainView, head: BlockRef): boolean {
  const tip = tipOf(view)
  return tip !== null && sameBlock(tip, head)
}

function isAboveTip(view: ChainView, head: BlockRef): boolean {
  const tip = tipOf(view)
  return tip === null || head.height > tip.height
}

function isOnOurBranch(view: ChainView, head: BlockRef): boolean {
  return blockAt(view, head.height)?.hash === head.hash
}

/** Only another hash at a height we hold proves a branch; where we hold none, there is nothing to compare. */
function contradictsUs(view: ChainView, head: BlockRef): boolean {
  const ours = blockAt(view, head.height)
  return ours !== null && ours.hash !== head.hash
}

function isChild(block: BlockHeader, parent: BlockRef): boolean {
  return block.height === parent.height + 1 && block.parentHash === parent.hash
}
