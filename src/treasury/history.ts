import type { Place } from '../confirmation/deposit.ts'
import type { Deposit } from '../domain/deposit.ts'
import type { EventType } from '../domain/event.ts'
import { assert, required } from '../lib/assert.ts'
import type { Hex } from '../lib/hex.ts'

/** One event of a deposit, by what the records say of it. */
export interface Recorded {
  readonly type: EventType
  readonly place: Place
  readonly atMs: number
}

/** What became of a deposit, and when. */
export interface Entry {
  readonly type: EventType
  readonly blockHash: Hex
  readonly atMs: number
}

/** A time the deposit stood in one block of our view: from when we saw it there until the block left. */
export interface Stay {
  readonly place: Place
  readonly fromMs: number
  /** Null while it stands. */
  readonly toMs: number | null
  readonly confirmedMs: number | null
  readonly finalMs: number | null
}

/** A deposit as the records tell it: where it stood, and everything that was said of it. */
export interface DepositHistory {
  /** As it is now, with the rule that judged it. */
  readonly deposit: Deposit
  readonly stays: readonly [Stay, ...Stay[]]
  readonly entries: readonly Entry[]
}

/**
 * Events are the one record that is never overwritten: a sighting that a block's return revived forgets when it
 * was orphaned before. `recorded` is all of the deposit's, by version.
 */
export function historyOf(deposit: Deposit, recorded: readonly Recorded[]): DepositHistory {
  const stays: Stay[] = []
  for (const { type, place, atMs } of recorded) {
    if (type === 'deposit.detected') {
      stays.push({ place, fromMs: atMs, toMs: null, confirmedMs: null, finalMs: null })
      continue
    }
    const stay = required(stays.pop(), `${deposit.id} begins with ${type}`)
    const hasLeft = type === 'deposit.orphaned' || type === 'deposit.reversed'
    stays.push({
      ...stay,
      confirmedMs: type === 'deposit.confirmed' ? atMs : stay.confirmedMs,
      finalMs: type === 'deposit.final' ? atMs : stay.finalMs,
      toMs: hasLeft ? atMs : stay.toMs,
    })
  }
  const [first, ...rest] = stays
  assert(recorded.length === deposit.version, `${deposit.id} lacks events`)
  return {
    deposit,
    stays: [required(first, `${deposit.id} was never detected`), ...rest],
    entries: recorded.map(({ type, place, atMs }) => ({ type, blockHash: place.blockHash, atMs })),
  }
}
