import { readCursor, type Cursor } from './block/block-store.ts'
import type { ChainConfig } from './config/config.ts'
import {
  depositTotals,
  unfinalAmounts,
  type DepositTotals,
  type UnfinalAmount,
} from './confirmation/deposit-read-store.ts'
import { countUnconfirmed } from './confirmation/deposit-store.ts'
import { amountsAtRisk } from './confirmation/exposure.ts'
import type { Evidence } from './confirmation/policy.ts'
import { backlog, failingEndpoints } from './delivery/delivery-page-store.ts'
import { approximateTokens } from './domain/amount.ts'
import type { Chain, Rail, RailId } from './domain/chain.ts'
import type { Clock } from './lib/clock.ts'
import type { Actor, Outcome } from './lib/loop.ts'
import { countOpenRescans } from './match/rescan-store.ts'
import { outboxBacklog } from './outbox/outbox-store.ts'
import type { Db } from './store/database.ts'
import type { Metrics } from './telemetry/metrics.ts'

/** A deposit whose rule held this long ago and that is not confirmed does not wait for its chain any more. */
const OVERDUE_SECONDS = 300
const UNFINAL_STATES = ['detected', 'confirmed'] as const
const LASTING_STATES = ['final', 'orphaned', 'reversed'] as const

/** Adds up the deposits that seldom change and are nearly all there are: too many to be read at every look. */
export class LastingTotals implements Actor {
  readonly name = 'lasting_totals'
  readonly #db: Db
  #totals: readonly DepositTotals[] | null = null

  constructor(db: Db) {
    this.#db = db
  }

  /** As of the last tick; null before the first. */
  get totals(): readonly DepositTotals[] | null {
    return this.#totals
  }

  async tick(): Promise<Outcome> {
    this.#totals = await depositTotals(this.#db, LASTING_STATES)
    return { pace: 'idle', name: 'read' }
  }
}

interface GaugesOptions {
  readonly chains: readonly ChainConfig[]
  readonly lasting: LastingTotals
}

/** Sets the gauges that only the database knows. Any daemon may; they say the same wherever they are read. */
export class Gauges implements Actor {
  readonly name = 'gauges'
  readonly #db: Db
  readonly #clock: Clock
  readonly #metrics: Metrics
  readonly #chains: readonly ChainConfig[]
  readonly #lasting: LastingTotals
  readonly #rails: ReadonlyMap<RailId, Rail>
  /** No deposit is ever deleted: where one was seen, there is one. */
  readonly #seen = new Map<string, Pick<DepositTotals, 'environment' | 'rail'>>()

  constructor(db: Db, clock: Clock, metrics: Metrics, { chains, lasting }: GaugesOptions) {
    this.#db = db
    this.#clock = clock
    this.#metrics = metrics
    this.#chains = chains
    this.#lasting = lasting
    const rails = chains.flatMap((chain) => chain.rails.map(({ rail }) => rail))
    this.#rails = new Map(rails.map((rail) => [rail.id, rail]))
  }

  async tick(): Promise<Outcome> {
    await Promise.all([this.#readDeposits(), this.#readDelivery(), this.#readFeed()])
    for (const config of this.#chains) await this.#readChain(config)
    this.#metrics.set('database_read_timestamp_seconds', this.#clock.now().getTime() / 1_000)
    return { pace: 'idle', name: 'set' }
  }

  async #readDeposits(): Promise<void> {
    const lasting = this.#lasting.totals
    const totals = [...(await depositTotals(this.#db, UNFINAL_STATES)), ...(lasting ?? [])]
    const known = lasting === null ? UNFINAL_STATES : [...UNFINAL_STATES, ...LASTING_STATES]
    for (const { environment, rail } of totals) {
      this.#seen.set(`${environment} ${rail}`, { environment, rail })
    }
    // Where there are deposits, every state has its line: one that is empty is told from one that is not known.
    for (const subject of this.#seen.values()) {
      for (const state of known) this.#setTotal({ ...subject, state }, 0, 0n)
    }
    for (const { environment, rail, state, count, amount } of totals) {
      this.#setTotal({ environment, rail, state }, count, amount)
    }
    for (const rail of this.#rails.keys()) this.#setOldest(rail, totals)
  }

  #setTotal(
    labels: Pick<DepositTotals, 'environment' | 'rail' | 'state'>,
    count: number,
    amount: bigint,
  ): void {
    this.#metrics.set('deposits', count, labels)
    const { decimals } = this.#rails.get(labels.rail) ?? {}
    // Of a rail that is no longer configured nobody here knows how many units a token has.
    if (decimals === undefined) return
    this.#metrics.set('deposit_amount_tokens', approximateTokens(amount, decimals), labels)
  }

  #setOldest(rail: RailId, totals: readonly DepositTotals[]): void {
    for (const state of UNFINAL_STATES) {
      const ages = totals
        .filter((it) => it.rail === rail && it.state === state)
        .map(({ since }) => this.#ageSeconds(since))
      this.#metrics.set('deposit_oldest_seconds', Math.max(0, ...ages), { rail, state })
    }
  }

  async #readDelivery(): Promise<void> {
    const [deliveries, endpoints] = await Promise.all([
      backlog(this.#db),
      failingEndpoints(this.#db),
    ])
    const metrics = this.#metrics
    metrics.reset('deliveries_pending')
    metrics.reset('delivery_oldest_seconds')
    metrics.reset('endpoints_failing')
    for (const { environment, failing } of endpoints) {
      metrics.set('endpoints_failing', failing, { environment })
      metrics.set('deliveries_pending', 0, { environment })
      metrics.set('delivery_oldest_seconds', 0, { environment })
    }
    for (const { environment, pending, oldest } of deliveries) {
      metrics.set('deliveries_pending', pending, { environment })
      metrics.set('delivery_oldest_seconds', this.#ageSeconds(oldest), { environment })
    }
  }

  async #readFeed(): Promise<void> {
    const [outbox, rescans] = await Promise.all([
      outboxBacklog(this.#db),
      countOpenRescans(this.#db),
    ])
    const ageSeconds = outbox.oldest === null ? 0 : this.#ageSeconds(outbox.oldest)
    this.#metrics.set('outbox_unpublished', outbox.count)
    this.#metrics.set('outbox_age_seconds', ageSeconds)
    for (const { chain } of this.#chains) {
      this.#metrics.set('rescans_open', rescans.get(chain.id) ?? 0, { chain: chain.slug })
    }
  }

  async #readChain({ chain, rails }: ChainConfig): Promise<void> {
    const cursor = await readCursor(this.#db, chain.id)
    if (cursor === null) return
    const [unfinal, overdue] = await Promise.all([
      unfinalAmounts(this.#db, chain.id),
      countUnconfirmed(this.#db, chain.id, minutesAgo(cursor, chain)),
    ])
    for (const { rail } of rails) {
      this.#setAtRisk(rail, cursor.height, unfinal)
      // A halted chain moves no deposits, and says so itself.
      const count = cursor.halt === null ? (overdue.get(rail.id) ?? 0) : 0
      this.#metrics.set('deposits_overdue', count, { rail: rail.id })
    }
  }

  #setAtRisk(rail: Rail, tipHeight: number, unfinal: readonly UnfinalAmount[]): void {
    for (const state of UNFINAL_STATES) {
      const standing = unfinal.filter((it) => it.rail === rail.id && it.state === state)
      for (const { depth, amount } of amountsAtRisk(standing, tipHeight)) {
        const tokens = approximateTokens(amount, rail.decimals)
        this.#metrics.set('at_risk_amount_tokens', tokens, { rail: rail.id, state, depth })
      }
    }
  }

  #ageSeconds(since: Date): number {
    return Math.max(0, (this.#clock.now().getTime() - since.getTime()) / 1000)
  }
}

/** What was known of a chain OVERDUE_SECONDS ago, by its own pace. */
function minutesAgo({ height, finalized }: Cursor, { blockTimeSeconds }: Chain): Evidence {
  const blocks = Math.ceil(OVERDUE_SECONDS / blockTimeSeconds)
  return {
    tipHeight: height - blocks,
    finalizedHeight: finalized === null ? null : finalized.height - blocks,
  }
}
