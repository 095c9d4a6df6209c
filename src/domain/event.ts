import type { Deposit, DepositId } from './deposit.ts'

export const EVENT_TYPES = [
  'deposit.detected',
  'deposit.confirmed',
  'deposit.final',
  'deposit.orphaned',
  'deposit.reversed',
] as const

export type EventType = (typeof EVENT_TYPES)[number]
export type EventId = `evt_${string}`

/** One step in a deposit's life: what it became, and the event that says so. */
export interface Transition {
  readonly deposit: Deposit
  readonly type: EventType
}

/** An immutable fact about a deposit, as it is stored, fed and sent. */
export interface DepositEvent {
  readonly id: EventId
  readonly environment: string
  readonly depositId: DepositId
  /** The deposit's version that this event brought about. */
  readonly version: number
  readonly type: EventType
  /** The exact bytes that are signed and sent; made once, never re-serialised. */
  readonly body: string
}
