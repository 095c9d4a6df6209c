import type { Holder } from '../domain/audit.ts'
import type { RailId } from '../domain/chain.ts'
import type { Window } from './balance-window.ts'

/** An address with a window that was not asked about for as long comes before those without one. */
const DUE_MS = 60 * 60_000
/** Windows kept of one provider, for each address that may be asked about in a round: an hour's worth of minutes. */
const WINDOWS_PER_QUESTION = 60
/** All of them move on with each stretch, in its transaction: 80 ms of it; six thousand take 400. */
const WINDOWS_MAX = 1_200

export function windowsMax(sample: number): number {
  return Math.min(WINDOWS_MAX, sample * WINDOWS_PER_QUESTION)
}

export interface Choice {
  /** About whom to ask, `sample` at most; those whose window is open or that have none. */
  readonly asked: readonly Holder[]
  /** Whose windows are given up: on rails that are not looked at, or to make room. */
  readonly dropped: readonly Holder[]
}

interface Standing {
  readonly windows: readonly Window[]
  /** Addresses worth a window, the worthiest first. */
  readonly liveliest: readonly Holder[]
  readonly isWatched: (rail: RailId) => boolean
  readonly sample: number
  readonly now: Date
}

/**
 * About whom to ask in a round. An address keeps its window while it is among the liveliest, and until it has been
 * judged once at least. What is in doubt or due comes first, so that windows come to an end however fast addresses are
 * registered; then new ones; then those whose first balance stands alone, since what is left out before it is confirmed
 * may not be found; then whoever was asked about longest ago.
 */
export function chooseHolders(standing: Standing): Choice {
  const { sample, now } = standing
  const isWatched = ({ rail }: Holder): boolean => standing.isWatched(rail)
  const liveliest = standing.liveliest.filter(isWatched)
  const watched = standing.windows.filter(({ holder }) => isWatched(holder))
  const isFull = watched.length >= windowsMax(sample)
  const wanted = new Set(liveliest.map(nameOf))
  const isOutlived = ({ holder, to, checks }: Window): boolean =>
    isFull && to === null && checks > 0 && !wanted.has(nameOf(holder))
  const kept = watched.filter((window) => !isOutlived(window))
  const waiting = kept
    .filter(({ to }) => to === null)
    .toSorted((a, b) => a.askedAt.getTime() - b.askedAt.getTime())
  const isDue = ({ isDoubted, askedAt }: Window): boolean =>
    isDoubted || now.getTime() - askedAt.getTime() >= DUE_MS
  const due = waiting.filter(isDue).toSorted((a, b) => Number(b.isDoubted) - Number(a.isDoubted))
  const known = new Set(kept.map(({ holder }) => nameOf(holder)))
  const newcomers = liveliest
    .filter((holder) => !known.has(nameOf(holder)))
    .slice(0, Math.max(0, windowsMax(sample) - kept.length))
  const others = waiting
    .filter((window) => !isDue(window))
    .toSorted((a, b) => Number(a.checks > 0) - Number(b.checks > 0))
  const inTurn = [...holdersOf(due), ...newcomers, ...holdersOf(others)]
  return {
    asked: inTurn.slice(0, sample),
    dropped: holdersOf(standing.windows).filter((holder) => !known.has(nameOf(holder))),
  }
}

function holdersOf(windows: readonly Window[]): Holder[] {
  return windows.map(({ holder }) => holder)
}

/** One word for an address on a rail, to look it up by. */
export function nameOf({ rail, address }: Holder): string {
  return `${rail} ${address}`
}
