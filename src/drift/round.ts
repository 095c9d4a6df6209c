import type { Progress } from './audit-store.ts'
import type { Stretch } from './examination.ts'

/** A round begins this long after the one before began. */
export const ROUND_MS = 60_000
/** Stretches heard in one round: two minutes of them. What is left of a long history waits for the next one. */
export const HEARINGS_MAX = 120
/** Of those that a rescan has read again, so many: new blocks come first, and the next round begins on time. */
export const HEARD_AGAIN_MAX = 40

/** One pass over everybody: up to what was final when it began. */
export interface Round {
  readonly target: number
  /** Who could not be heard in it, and why: asked again in the next one. */
  readonly failed: Map<string, string>
  /** In which of the round's hearings each was heard last: nobody waits for one that is slow to catch up. */
  readonly heard: Map<string, number>
  /** Who was asked for balances before being heard. */
  readonly weighed: Set<string>
  hearings: number
  heardAgain: number
  /** Somebody had more to say than one round hears. */
  isCut: boolean
  /** Who was read again already because it shows another history than it did: once in a round is enough. */
  readonly relinked: Set<string>
  /** Blocks that differ, to be read again; null before they were looked up. */
  reread: Stretch[] | null
}

export function beginRound(target: number): Round {
  return {
    target,
    failed: new Map(),
    heard: new Map(),
    weighed: new Set(),
    hearings: 0,
    heardAgain: 0,
    isCut: false,
    relinked: new Set(),
    reread: null,
  }
}

/** Who was heard longest ago in this round comes first. */
export function whoseTurn(standing: readonly Progress[], { heard }: Round): Progress[] {
  const turn = ({ provider }: Progress): number => heard.get(provider) ?? 0
  return standing.toSorted((a, b) => turn(a) - turn(b) || a.next - b.next)
}

/** Null once everybody who can be heard was heard up to the target. */
export function whoIsBehind(standing: readonly Progress[], round: Round): Progress | null {
  return whoseTurn(standing, round).find(({ next }) => next <= round.target) ?? null
}
