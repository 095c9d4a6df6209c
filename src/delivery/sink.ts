import type { KeyObject } from 'node:crypto'

/**
 * What every kind of destination implements. A failed attempt is an expected outcome, hence a value: `send`
 * never throws, whatever the other side does.
 */
export interface Sink {
  send(request: SendRequest): Promise<AttemptOutcome>
  close(): Promise<void>
}

export interface SendRequest {
  readonly url: string
  readonly eventId: string
  /** The exact bytes to sign and send. */
  readonly body: string
  /** To sign with, newest first. */
  readonly keys: readonly KeyObject[]
}

/**
 * `delivered`: a complete 2xx answer, the only success. `redirected`: 3xx, not followed, because a redirect
 * could lead a signed payment message anywhere. `throttled`: 429. `gone`: 410, the receiver wants no more.
 * `rejected`: any other answer. `timeout`: no complete answer in time. `forbidden`: the target's address is not
 * one we may reach. `unreachable`: everything else between us and an answer.
 */
export const OUTCOME_KINDS = [
  'delivered',
  'redirected',
  'throttled',
  'gone',
  'rejected',
  'timeout',
  'forbidden',
  'unreachable',
] as const
export type OutcomeKind = (typeof OUTCOME_KINDS)[number]

export interface AttemptOutcome {
  readonly kind: OutcomeKind
  readonly startedAt: Date
  readonly durationMs: number
  /** HTTP status, null when no answer came. */
  readonly status: number | null
  /** The first RESPONSE_BYTES_MAX bytes of the answer's body, null when no answer came. */
  readonly response: Buffer | null
  /** Error class such as `ECONNREFUSED`, null when an answer came in time. */
  readonly error: string | null
  /** How long the receiver asked to be left alone, in milliseconds; null if it did not ask. */
  readonly retryAfterMs: number | null
}

/** What is kept of an answer, in bytes; the column `attempt.response` has the same limit. */
export const RESPONSE_BYTES_MAX = 1_024
