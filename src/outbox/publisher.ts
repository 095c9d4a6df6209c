import type { DepositEvent } from '../domain/event.ts'
import type { Env } from '../lib/env.ts'
import type { Actor, Outcome } from '../lib/loop.ts'
import { Wake } from '../lib/wake.ts'
import type { Db, Tx } from '../store/database.ts'
import { assertFence, type Lease } from '../store/lease.ts'
import type { Report } from '../telemetry/report.ts'
import { numberEvents, unpublishedEvents } from './outbox-store.ts'

/** Events numbered in one transaction at most. */
const BATCH = 1_000

export interface PublisherOptions {
  readonly db: Db
  readonly env: Env
  readonly report: Report
  readonly lease: () => Lease | null
  /** Creates the deliveries of one environment's events, in the same transaction. */
  readonly fanOut: (
    tx: Tx,
    environment: string,
    events: readonly DepositEvent[],
    now: Date,
  ) => Promise<number>
  /** Rung after a commit that made deliveries. */
  readonly onPublished: () => void
}

/**
 * Gives committed events their place in the feed. There is one publisher, under a fenced lease: writers that
 * numbered their own events would make some visible after higher numbers were read, and a consumer paging by
 * number would never see them (22 % of events with 16 writers, measured with `bigserial`).
 */
export class Publisher implements Actor {
  readonly name = 'publisher'
  readonly wake = new Wake()
  readonly #options: PublisherOptions

  constructor(options: PublisherOptions) {
    this.#options = options
  }

  async tick(): Promise<Outcome> {
    const lease = this.#options.lease()
    if (lease === null) return { pace: 'idle', name: 'standby' }
    const events = await this.#publish(lease)
    if (events.length === 0) return { pace: 'idle', name: 'nothing_new' }
    for (const [type, group] of Map.groupBy(events, (event) => event.type)) {
      this.#options.report.published(type, group.length)
    }
    this.#options.onPublished()
    return { pace: events.length === BATCH ? 'busy' : 'idle', name: 'published' }
  }

  #publish(lease: Lease): Promise<readonly DepositEvent[]> {
    const { db, env, fanOut } = this.#options
    const now = env.clock.now()
    return db.transaction().execute(async (tx) => {
      await assertFence(tx, lease)
      const events = await unpublishedEvents(tx, BATCH)
      for (const [environment, group] of Map.groupBy(events, (event) => event.environment)) {
        await numberEvents(
          tx,
          environment,
          group.map((event) => event.id),
          now,
        )
        await fanOut(tx, environment, group, now)
      }
      return events
    })
  }
}
