import type { Account, Balances, Holder } from '../domain/audit.ts'
import type { BlockHeader, BlockRef } from '../domain/block.ts'
import type { Hex } from '../lib/hex.ts'

/** What a provider said that an address holds. */
export interface Reading {
  readonly block: BlockRef
  readonly balance: bigint
}

/**
 * A stretch of one provider's own history between two of its own balances of one address. What it calls the balance
 * must change by what its logs move, no more and no less.
 *
 * The invariant: `moved` holds the logs of every block above `from` up to `heard`, of each block once, and each of
 * these blocks names the one before it as its parent. So a block that is heard again changes nothing, and a window
 * whose blocks were replaced, or passed over, is dropped: nothing can be said of it.
 *
 *     blocks    ──────●━━━━━━━━━━━━━━━━━━━━━━━━━━●──────────
 *                   from ········ heard ▸        to
 *
 * With a `spread` no block answers for a balance, and any one alone may have come from a node that was left behind. So
 * it takes two `to` in a row that are not explained. Where they follow an address's first balance, it may as well be
 * that one: they decide nothing, and the second of them is the next `from`. What is left out again and again is found
 * by the fifth balance at the latest, and once the first was confirmed, by the second after it was left out. What is
 * left out once, before that, is not found.
 */
export interface Window {
  readonly holder: Holder
  /**
   * Each balance may be that of a block so many above or below the one it is told for. A movement as near as that
   * may or may not be in it, and then it cannot be used.
   */
  readonly spread: number
  readonly from: Reading
  /** Null while it is open. */
  readonly to: Reading | null
  /** The hash is null where nothing was heard yet. */
  readonly heard: { readonly height: number; readonly hash: Hex | null }
  readonly moved: bigint
  /** With a spread: the balance told last was not explained. */
  readonly isDoubted: boolean
  /** How many windows of this address came to an end before this one. At 0 its first balance stands alone. */
  readonly checks: number
  readonly askedAt: Date
}

export interface Verdict {
  readonly window: Window & { readonly to: Reading }
  /** What the balance has gained that its logs do not explain; below zero: lost. */
  readonly unexplained: bigint
}

export interface Opening {
  readonly holder: Holder
  readonly balances: Pick<Balances, 'block' | 'spread'>
  readonly balance: bigint
  /** The lowest block that the provider is still to be heard about. */
  readonly next: number
  readonly now: Date
}

/** Null where blocks that belong into it have been heard already: they are not read again for its sake. */
export function openWindow({ holder, balances, balance, next, now }: Opening): Window | null {
  const { block, spread } = balances
  const height = block.height - spread
  if (next > height + 1) return null
  return {
    holder,
    spread,
    from: { block, balance },
    to: null,
    heard: { height, hash: spread === 0 ? block.hash : null },
    moved: 0n,
    isDoubted: false,
    checks: 0,
    askedAt: now,
  }
}

/** Null where some of the blocks that decide whether the balance can be used have been heard already. */
export function closeWindow(window: Window, to: Reading): Window | null {
  const { from, heard, spread } = window
  const isBeyond = to.block.height > from.block.height && heard.height < to.block.height - spread
  return isBeyond ? { ...window, to } : null
}

/** What moved an address, by the height of the block; a block that moved it by nothing on the whole is there, too. */
export type Movements = ReadonlyMap<number, bigint>

export interface Heard {
  /** Null where nothing can be said of it any more. */
  readonly window: Window | null
  readonly verdicts: readonly Verdict[]
}

/** Lets a provider's account of a stretch happen to a window. One that has been judged is followed by the next. */
export function hear(
  window: Window,
  { headers }: Pick<Account, 'headers'>,
  movements: Movements,
): Heard {
  const verdicts: Verdict[] = []
  let current: Window = window
  for (const header of headers) {
    const advanced = advance(current, header, movements.get(header.height))
    if (advanced === null) return { window: null, verdicts }
    current = advanced
    const verdict = judge(current)
    if (verdict === null) continue
    const { to, checks, spread, isDoubted } = verdict.window
    const isUnsure = verdict.unexplained !== 0n && spread > 0
    if (isUnsure && !isDoubted) {
      current = { ...current, to: null, isDoubted: true }
      continue
    }
    if (!isUnsure || checks > 0) verdicts.push(verdict)
    current = { ...current, from: to, to: null, moved: 0n, isDoubted: false, checks: checks + 1 }
  }
  return { window: current, verdicts }
}

function advance(window: Window, header: BlockHeader, moved: bigint | undefined): Window | null {
  const { from, to, heard } = window
  const { height, hash, parentHash } = header
  // Another block than the one that was heard is noticed by the next one, which does not link.
  if (height <= heard.height) return window
  if (height > heard.height + 1 || isOther(heard.hash, parentHash)) return null
  if (isParted(from, header) || isParted(to, header)) return null
  const advanced = { ...window, heard: { height, hash } }
  if (moved === undefined) return advanced
  if (isNear(window, from, height)) return null
  const end = isNear(window, to, height) ? null : to
  return { ...advanced, to: end, moved: window.moved + moved }
}

function judge(window: Window): Verdict | null {
  const { from, to, heard, spread, moved } = window
  if (to === null || heard.height < to.block.height + spread) return null
  return { window: { ...window, to }, unexplained: to.balance - from.balance - moved }
}

function isOther(known: Hex | null, shown: Hex): boolean {
  return known !== null && known !== shown
}

/** The balance was told for another block than the one whose logs were shown. */
function isParted(reading: Reading | null, { height, hash }: BlockHeader): boolean {
  return reading !== null && reading.block.height === height && reading.block.hash !== hash
}

/** Whether it cannot be told if a balance holds what moved at this height. */
function isNear({ spread }: Window, reading: Reading | null, height: number): boolean {
  if (reading === null) return false
  const above = height - reading.block.height
  return -spread < above && above <= spread
}
