import type { Account } from '../domain/audit.ts'
import type { BlockHeader } from '../domain/block.ts'
import type { ChainId } from '../domain/chain.ts'
import { required } from '../lib/assert.ts'
import type { Hex } from '../lib/hex.ts'
import type { Db } from '../store/database.ts'
import { readProgress, type Progress, type Span } from './audit-store.ts'
import type { Stretch } from './examination.ts'
import type { Round } from './round.ts'

/** Blocks read in one tick: some five thousand transfers where blocks are full, two megabytes of headers. */
const STRETCH_BLOCKS = 32

/** How far an account takes its provider. */
export interface Advance {
  readonly before: Progress
  readonly after: (account: Account) => Progress
}

export interface Listening {
  readonly stretch: Stretch
  /** Null where blocks are read once more because something differs in them. */
  readonly advance: Advance | null
}

/** How far these were heard. */
export async function standingOf(
  db: Db,
  chainId: ChainId,
  providers: readonly string[],
  startHeight: number,
): Promise<Progress[]> {
  const known = await readProgress(db, chainId)
  return providers.map(
    (name) => known.find(({ provider }) => provider === name) ?? beginning(name, startHeight),
  )
}

function beginning(provider: string, startHeight: number): Progress {
  const from = startHeight
  return { provider, from, next: from, lastHash: null, rescanId: 0, again: null }
}

export function listenOn(before: Progress, { target, relinked }: Round): Listening {
  const { provider, from: first, next: from, lastHash } = before
  const after = ({ headers }: Account): Progress => {
    // It has changed its mind about what it showed before: that is read again, too.
    if (isParted(lastHash, headers[0]) && !relinked.has(provider)) {
      return { ...before, next: Math.max(first, from - STRETCH_BLOCKS), lastHash: null }
    }
    const last = required(headers.at(-1), 'an account has a block')
    return { ...before, next: last.height + 1, lastHash: last.hash }
  }
  return { stretch: stretchOf(provider, from, target), advance: { before, after } }
}

function isParted(lastHash: Hex | null, first: BlockHeader): boolean {
  return lastHash !== null && first.parentHash !== lastHash
}

/** Whether it is read again from further below. To be noted after the commit: one that fails takes nothing back. */
export function isTakenBack({ before, after }: Advance, account: Account): boolean {
  return after(account).next < before.next
}

/** Balances have heard these blocks and take no notice of them. */
export function listenAgain(before: Progress, { next: from, to }: Span): Listening {
  const after = ({ headers }: Account): Progress => {
    const next = from + headers.length
    return { ...before, again: next > to ? null : { next, to } }
  }
  return { stretch: stretchOf(before.provider, from, to), advance: { before, after } }
}

function stretchOf(provider: string, from: number, end: number): Stretch {
  return { provider, from, to: Math.min(end, from + STRETCH_BLOCKS - 1) }
}
