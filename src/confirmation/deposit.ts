import type { Deposit, DepositState } from '../domain/deposit.ts'
import type { Transition } from '../domain/event.ts'
import { assert } from '../lib/assert.ts'
import { isConfirmed, isFinal, type Evidence } from './policy.ts'

/*
 *             ┌────────────── re-included with the same facts ──────────────┐
 *             ▼                                                             │
 *   (seen) detected ──policy met──▶ confirmed ──chain finality──▶ final     │
 *             │                        │                            ┊       │
 *             └──block left──▶ orphaned ───────────────────────────┊───────┤
 *                                      └──block left──▶ reversed ◀┄┄┘───────┘
 *
 * A pure machine: happenings in, transitions out. Each transition raises the version by one and is one event.
 * `final → reversed` (dotted) happens only after a person accepted a reorg past finality; the chain's writer
 * halts before it ever comes to that by itself.
 */

/** Where a transfer was found: the block fields of a deposit. */
export type Place = Pick<Deposit, 'height' | 'blockHash' | 'blockTime' | 'logIndex'>

/** Nothing was known of this deposit before: its first detection. */
export function detect(facts: Omit<Deposit, 'state' | 'version' | 'witnesses'>): Transition {
  return {
    deposit: { ...facts, state: 'detected', version: 1, witnesses: 1 },
    type: 'deposit.detected',
  }
}

/**
 * The same transfer was found in a block of our view. In the block we know it from (`known`), nothing happened; after
 * its block left, it is the same deposit again, in another place and detected anew.
 *
 * No chain holds a transaction twice, so one that is also shown `elsewhere` is a provider's lie, in this block or in
 * the one we know. Which one it is cannot be told from here: the deposit stays where it is, there is no second one,
 * and the chain goes on.
 */
export function include(deposit: Deposit, place: Place): Transition | 'known' | 'elsewhere' {
  if (isAlive(deposit.state)) {
    return deposit.blockHash === place.blockHash ? 'known' : 'elsewhere'
  }
  return become({ ...deposit, ...place, witnesses: 1 }, 'detected')
}

/** The deposit's block left our view. After `confirmed` that is never quiet: somebody may have counted on it. */
export function leave(deposit: Deposit): Transition {
  assert(
    isAlive(deposit.state),
    `the block of ${deposit.id} left twice: it is ${deposit.state} already`,
  )
  return become(deposit, deposit.state === 'detected' ? 'orphaned' : 'reversed')
}

/** What the view's new tip and finality mean for the deposit: up to two transitions, in order. */
export function judge(deposit: Deposit, evidence: Evidence): Transition[] {
  const transitions: Transition[] = []
  let current = deposit
  if (current.state === 'detected' && isConfirmed(current, evidence)) {
    const confirmed = become(current, 'confirmed')
    transitions.push(confirmed)
    current = confirmed.deposit
  }
  if (current.state === 'confirmed' && isFinal(current, evidence)) {
    transitions.push(become(current, 'final'))
  }
  return transitions
}

/** Whether it may leave a block that was not its own, and be found in its own, as by a reorg. A final one may not. */
export function isMovable(state: DepositState): boolean {
  return state === 'detected' || state === 'confirmed'
}

/** Of deposits in a block of our view, as far as we know. */
export const ALIVE_STATES: readonly DepositState[] = ['detected', 'confirmed', 'final']

export function isAlive(state: DepositState): boolean {
  return ALIVE_STATES.includes(state)
}

function become(deposit: Deposit, state: DepositState): Transition {
  return { deposit: { ...deposit, state, version: deposit.version + 1 }, type: `deposit.${state}` }
}
