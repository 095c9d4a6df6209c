import type { Hex } from '../lib/hex.ts'
import type { Transfer } from './transfer.ts'

export interface BlockRef {
  readonly height: number
  readonly hash: Hex
}

export interface BlockHeader extends BlockRef {
  readonly parentHash: Hex
  /** The block's own timestamp: what the producer wrote, not when we saw it. */
  readonly time: Date
}

/** A block with all its transfers of the watched contracts, proven to belong to this very hash. */
export interface Block extends BlockHeader {
  readonly transfers: readonly Transfer[]
}

/**
 * A stretch of finalized history, both ends inclusive. `first` and `last` carry the hashes that tie it to what
 * comes before and after; the blocks between are known by their transfers only.
 */
export interface BlockRange {
  readonly first: BlockHeader
  readonly last: BlockHeader
  readonly transfers: readonly Transfer[]
}

/** Only what every family knows, without what one keeps beside it, such as half a kilobyte of bloom. */
export function plainHeader({ height, hash, parentHash, time }: BlockHeader): BlockHeader {
  return { height, hash, parentHash, time }
}

export function sameBlock(a: BlockRef, b: BlockRef): boolean {
  return a.height === b.height && a.hash === b.hash
}
