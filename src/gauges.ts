import { countDepositsByState } from './confirmation/deposit-read-store.ts'
import { backlog } from './delivery/delivery-page-store.ts'
import type { Clock } from './lib/clock.ts'
import type { Actor, Outcome } from './lib/loop.ts'
import { countOpenRescans } from './match/rescan-store.ts'
import { outboxBacklog } from './outbox/outbox-store.ts'
import type { Db } from './store/database.ts'
import type { Metrics } from './telemetry/metrics.ts'

/** Sets the gauges that only the database knows. Any daemon may; they say the same wherever they are read. */
export class Gauges implements Actor {
  readonly name = 'gauges'
  readonly #db: Db
  readonly #clock: Clock
  readonly #metrics: Metrics
  readonly #slugs: ReadonlyMap<string, string>

  constructor(db: Db, clock: Clock, metrics: Metrics, slugs: ReadonlyMap<string, string>) {
    this.#db = db
    this.#clock = clock
    this.#metrics = metrics
    this.#slugs = slugs
  }

  async tick(): Promise<Outcome> {
    const [deposits, deliveries, outbox, rescans] = await Promise.all([
      countDepositsByState(this.#db),
      backlog(this.#db),
      outboxBacklog(this.#db),
      countOpenRescans(this.#db),
    ])
    const metrics = this.#metrics
    metrics.set('outbox_unpublished', outbox.count)
    metrics.set('outbox_age_seconds', outbox.oldest === null ? 0 : this.#ageSeconds(outbox.oldest))
    metrics.reset('deposits')
    for (const { environment, rail, state, count } of deposits) {
      metrics.set('deposits', count, { environment, rail, state })
    }
    metrics.reset('deliveries_pending')
    metrics.reset('delivery_oldest_seconds')
    for (const { environment, pending, oldest } of deliveries) {
      metrics.set('deliveries_pending', pending, { environment })
      metrics.set('delivery_oldest_seconds', this.#ageSeconds(oldest), { environment })
    }
    for (const [chainId, chain] of this.#slugs) {
      metrics.set('rescans_open', rescans.get(chainId) ?? 0, { chain })
    }
    return { pace: 'idle', name: 'set' }
  }

  #ageSeconds(since: Date): number {
    return Math.max(0, (this.#clock.now().getTime() - since.getTime()) / 1000)
  }
}
