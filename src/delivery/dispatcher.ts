import type { Env } from '../lib/env.ts'
import type { Actor, Outcome } from '../lib/loop.ts'
import { Wake } from '../lib/wake.ts'
import type { Db } from '../store/database.ts'
import { LEASE_MS, RENEW_MS, acquireLease, releaseLease, type Lease } from '../store/lease.ts'
import type { Report } from '../telemetry/report.ts'
import { dueEndpoints } from './delivery-store.ts'
import type { LaneHost } from './lane-loops.ts'
import { Lane, type LaneOptions } from './lane.ts'
import type { Sink } from './sink.ts'

export const DELIVERY_LEASE = 'delivery'
/** Endpoints served at the same time; those waiting longest come first. */
const LANES_MAX = 256

export interface DispatcherOptions {
  readonly db: Db
  readonly sink: Sink
  readonly env: Env
  readonly report: Report
  /** Unique to this daemon. */
  readonly holder: string
  readonly lanes: LaneHost
}

/**
 * Keeps one lane per endpoint that has something due, and the lease under which they write. Its own tick sends
 * nothing and never waits for a receiver, so it stays short however the receivers behave; the lanes are actors
 * of their own. Who drives both is up to the caller: the daemon runs them in loops, tests and the simulator call
 * `tick()` of the dispatcher and of each lane in an order of their choice and get the same result every time.
 *
 * Its loop must come round well within RENEW_MS, because nobody else renews the lease.
 */
export class Dispatcher implements Actor {
  readonly name = 'dispatcher'
  /** Rung by the publisher after a commit: from there to the receiver it takes two queries. */
  readonly wake = new Wake()
  readonly #options: DispatcherOptions
  readonly #lanes = new Map<string, Lane>()
  #lease: Lease | null = null
  /** On the monotonic clock. */
  #renewedMs = 0
  #closing = false

  constructor(options: DispatcherOptions) {
    this.#options = options
  }

  async tick(): Promise<Outcome> {
    const { db, env } = this.#options
    await this.#keepLease()
    if (this.#lease === null) {
      this.#sync([])
      return { pace: 'idle', name: 'not_leader' }
    }
    const due = await dueEndpoints(db, env.clock.now(), LANES_MAX)
    this.#sync(due)
    return { pace: 'idle', name: due.length === 0 ? 'nothing_due' : 'dispatched' }
  }

  /** Lets attempts under way end and be recorded, starts no others, and hands the lease over. */
  async close(): Promise<void> {
    this.#closing = true
    await this.#options.lanes.close()
    if (this.#lease !== null) await releaseLease(this.#options.db, this.#lease)
    this.#lease = null
  }

  async #keepLease(): Promise<void> {
    const { db, env, holder, report } = this.#options
    const startedMs = env.clock.monotonicMs()
    if (this.#lease !== null && startedMs - this.#renewedMs < RENEW_MS) return
    const held = this.#lease !== null
    this.#lease = await acquireLease(db, DELIVERY_LEASE, holder)
    this.#renewedMs = startedMs
    if (held !== (this.#lease !== null)) report.lease(DELIVERY_LEASE, !held)
  }

  /**
   * What a lane may write under. Judged by our own clock as well, so that a daemon that was paused past its
   * lease does not first send a burst of what its successor has sent already.
   */
  readonly #tenure = (): Lease | null => {
    const ageMs = this.#options.env.clock.monotonicMs() - this.#renewedMs
    return this.#closing || ageMs >= LEASE_MS ? null : this.#lease
  }

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
