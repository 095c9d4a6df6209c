import type { Env } from '../lib/env.ts'
import type { Actor, Outcome } from '../lib/loop.ts'
import { Wake } from '../lib/wake.ts'
import type { Db } from '../store/database.ts'
import type { Lease } from '../store/lease.ts'
import type { Report } from '../telemetry/report.ts'
import { dueEndpoints } from './delivery-store.ts'
import type { LaneHost } from './lane-loops.ts'
import { Lane, type LaneOptions } from './lane.ts'
import { OUTCOME_KINDS, type Sink } from './sink.ts'

/** Endpoints served at the same time; those waiting longest come first. */
const LANES_MAX = 256

export interface DispatcherOptions {
  readonly db: Db
  readonly sink: Sink
  readonly env: Env
  readonly report: Report
  /** The `delivery` lease while this daemon holds it. */
  readonly lease: () => Lease | null
  readonly lanes: LaneHost
}

/**
 * Keeps one lane per endpoint that has something due. Its own tick sends nothing and never waits for a receiver,
 * so it stays short however the receivers behave; the lanes are actors of their own. Who drives both is up to the
 * caller: the daemon runs them in loops, tests and the simulator call `tick()` of the dispatcher and of each lane
 * in an order of their choice and get the same result every time.
 */
export class Dispatcher implements Actor {
  readonly name = 'dispatcher'
  /** Rung by the publisher after a commit: from there to the receiver it takes two queries. */
  readonly wake = new Wake()
  readonly #options: DispatcherOptions
  readonly #lanes = new Map<string, Lane>()
  #closing = false

  constructor(options: DispatcherOptions) {
    this.#options = options
    options.report.dispatching(OUTCOME_KINDS)
  }

  async tick(): Promise<Outcome> {
    const { db, env } = this.#options
    if (this.#tenure() === null) {
      this.#sync([])
      return { pace: 'idle', name: 'standby' }
    }
    const due = await dueEndpoints(db, env.clock.now(), LANES_MAX)
    this.#sync(due)
    return { pace: 'idle', name: due.length === 0 ? 'nothing_due' : 'dispatched' }
  }

  /** Lets attempts under way end and be recorded, and starts no others. The lease is still needed until then. */
  async close(): Promise<void> {
    this.#closing = true
    await this.#options.lanes.close()
  }

  /** What a lane may write under. */
  readonly #tenure = (): Lease | null => (this.#closing ? null : this.#options.lease())

  #sync(due: readonly string[]): void {
    const { lanes } = this.#options
    const wanted = new Set(due)
    for (const [endpointId, lane] of this.#lanes) {
      if (wanted.has(endpointId) || lane.working) continue
      this.#lanes.delete(endpointId)
      lanes.stop(lane)
    }
    for (const endpointId of due) {
      const lane = this.#lanes.get(endpointId)
      if (lane !== undefined) lane.wake.ring()
      else if (this.#lanes.size < LANES_MAX) this.#open(endpointId)
    }
  }

  #open(endpointId: string): void {
    const { db, sink, env, report, lanes } = this.#options
    const options: LaneOptions = { db, sink, env, report, tenure: this.#tenure }
    const lane = new Lane(endpointId, options)
    this.#lanes.set(endpointId, lane)
    lanes.start(lane)
  }
}
