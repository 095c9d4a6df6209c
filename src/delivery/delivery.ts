import type { Breaker } from './breaker.ts'
import type { AttemptOutcome } from './sink.ts'

export type DeliveryState = 'pending' | 'delivered' | 'dead'

/** One event for one endpoint. */
export interface Delivery {
  readonly id: number
  readonly environment: string
  readonly endpointId: string
  readonly eventId: string
  readonly depositId: string
  readonly version: number
  readonly state: DeliveryState
  /** In the current round of retries; a replay starts a new round. */
  readonly attempts: number
  readonly attemptsTotal: number
  readonly nextAttemptAt: Date
  readonly createdAt: Date
  readonly settledAt: Date | null
}

/** One try, as it is kept. */
export interface Attempt extends Omit<AttemptOutcome, 'retryAfterMs'> {
  /** Counts through all rounds, from 1. */
  readonly number: number
}

/** A due delivery with what it takes to send it. */
export interface DueDelivery {
  readonly id: number
  readonly eventId: string
  readonly depositId: string
  readonly body: string
  readonly attempts: number
  readonly attemptsTotal: number
}

/** What an attempt leads to. `gone` also ends every other delivery of the endpoint. */
export type Decision = 'delivered' | 'retry' | 'dead' | 'gone'

export interface AttemptResult {
  readonly delivery: DueDelivery
  readonly outcome: AttemptOutcome
  readonly decision: Decision
  /** Set exactly when the decision is to retry. */
  readonly nextAttemptAt: Date | null
}

/** What a lane has to write after a batch of attempts. */
export interface BatchResult {
  readonly endpointId: string
  readonly results: readonly AttemptResult[]
  /** null: as it was. */
  readonly breaker: Breaker | null
}
