import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '../../lib/clock.ts'
import { JSON_TYPE, suspension, type RawAnswer } from './faults.ts'

export interface GateOptions {
  /** Requests without it in `TRON-PRO-API-KEY` are refused. */
  readonly apiKey?: string
  readonly rateLimit?: RateLimit
}

export interface RateLimit {
  readonly perSecond: number
  readonly suspensionMs: number
}

const SECOND_MS = 1_000

/** The door of a hosted API: it asks for a key, and suspends whoever asks too often. */
export class Gate {
  readonly #options: GateOptions
  readonly #clock: Clock
  #recent: number[] = []
  #suspendedUntil = -Infinity

  constructor(options: GateOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  /** The refusal, or null for come in. Asking while suspended prolongs it, as it does there. */
  refusal(headers: IncomingHttpHeaders): RawAnswer | null {
    const { apiKey, rateLimit } = this.#options
    if (apiKey !== undefined && headers['tron-pro-api-key'] !== apiKey) {
      return { status: 401, contentType: JSON_TYPE, body: '{"Error":"ApiKey not exists"}' }
    }
    if (rateLimit === undefined) return null
    const now = this.#clock.monotonicMs()
    this.#recent = [...this.#recent.filter((at) => at > now - SECOND_MS), now]
    if (this.#recent.length <= rateLimit.perSecond && now >= this.#suspendedUntil) return null
    this.#suspendedUntil = now + rateLimit.suspensionMs
    return suspension(403)
  }
}
