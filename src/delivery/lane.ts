import type { KeyObject } from 'node:crypto'
import PQueue from 'p-queue'
import { assert } from '../lib/assert.ts'
import type { Env } from '../lib/env.ts'
import type { Actor, Outcome } from '../lib/loop.ts'
import { Wake } from '../lib/wake.ts'
import type { Db } from '../store/database.ts'
import { LeaseLostError, assertFence, type Lease } from '../store/lease.ts'
import type { Report } from '../telemetry/report.ts'
import { CLOSED, afterFailure, allowance, isOpen, type Breaker } from './breaker.ts'
import type { AttemptResult, DueDelivery } from './delivery.ts'
import { claimDue, recordBatch } from './delivery-store.ts'
import type { Endpoint } from './endpoint.ts'
import { activeSecrets, findEndpoint } from './endpoint-store.ts'
import { nextAttempt } from './retry-schedule.ts'
import { signingKey } from './signature.ts'
import type { AttemptOutcome, Sink } from './sink.ts'

/** Deliveries per claim. */
const BATCH_MAX = 512
/** Deliveries per transaction: a slice is recorded while the next ones are being sent. */
const SLICE = 128
/** No attempt is started later than this in a tick, so that a changed URL or a rotated secret soon counts. */
const TURN_MS = 2_000
/** Attempts of one endpoint under way at once, each of another deposit. */
const CONCURRENCY = 16

export interface LaneOptions {
  readonly db: Db
  readonly sink: Sink
  readonly env: Env
  readonly report: Report
  /** The lease to write under; null as soon as no further attempt may be started. */
  readonly tenure: () => Lease | null
}

/**
 * Sends what is due for one endpoint, so that an endpoint that hangs holds up nobody but itself. A tick is
 * claim, send, record, over and over for as long as TURN_MS and claims are full, with no transaction open while
 * it waits for the receiver. Per deposit the order holds because a claim has one delivery of each, and none of a
 * deposit whose last attempt is not yet recorded.
 */
export class Lane implements Actor {
  readonly name = 'lane'
  readonly endpointId: string
  readonly wake = new Wake()
  readonly #options: LaneOptions
  readonly #queue = new PQueue({ concurrency: CONCURRENCY })
  #working = false

  constructor(endpointId: string, options: LaneOptions) {
    this.endpointId = endpointId
    this.#options = options
  }

  /** Inside a tick. A lane may be dropped only while it is not, or a second one could overtake it. */
  get working(): boolean {
    return this.#working
  }

  async tick(): Promise<Outcome> {
    assert(!this.#working, `lane ${this.endpointId}: one tick at a time`)
    this.#working = true
    try {
      return await this.#claimSendRecord()
    } finally {
      this.#working = false
    }
  }

  async #claimSendRecord(): Promise<Outcome> {
    const { db, env, tenure } = this.#options
    const lease = tenure()
    if (lease === null) return { pace: 'idle', name: 'standby' }
    const now = env.clock.now()
    const endpoint = await findEndpoint(db, this.endpointId)
    if (endpoint?.state !== 'enabled') return { pace: 'idle', name: 'endpoint_off' }
    if (isOpen(endpoint.breaker, now)) return { pace: 'idle', name: 'breaker_open' }
    const limit = allowance(endpoint.breaker, BATCH_MAX)
    const [deliveries, secrets] = await Promise.all([
      claimDue(db, endpoint.id, { now, limit, underWay: [] }),
      activeSecrets(db, endpoint.id, now),
    ])
    if (deliveries.length === 0) return { pace: 'idle', name: 'nothing_due' }
    const startedMs = env.clock.monotonicMs()
    const { breaker } = endpoint
    const keys = secrets.map(signingKey)
    const progress = { breaker, recorded: breaker, over: false, drained: false }
    return this.#sendAndRecord({ lease, endpoint, keys, startedMs, ...progress }, deliveries)
  }

  /**
   * The queue goes on sending while a slice whose last answer is in is recorded, and while the next deliveries
   * are claimed. If a record fails, nothing more is sent and nothing is left running.
   */
  async #sendAndRecord(round: Round, deliveries: readonly DueDelivery[]): Promise<Outcome> {
    const slices = this.#enqueue(round, deliveries)
    let ahead: Promise<Slice[]> | null = null
    let attempted = false
    try {
      for (let slice = slices.shift(); slice !== undefined; slice = slices.shift()) {
        ahead = slices.length === 1 ? observed(this.#claimAhead(round, [slice, ...slices])) : null
        const results = (await slice.results).filter((result) => result !== null)
        if (results.length > 0) await this.#record(round, results)
        attempted ||= results.length > 0
        if (ahead !== null) slices.push(...(await ahead))
      }
    } catch (error) {
      // Whoever holds the lease now sends these again: at least once is the promise.
      if (error instanceof LeaseLostError) return { pace: 'idle', name: 'lease_lost' }
      throw error
    } finally {
      round.over = true
      await Promise.allSettled([ahead])
      await this.#queue.onIdle()
    }
    return attempted ? { pace: 'busy', name: 'attempted' } : { pace: 'idle', name: 'standby' }
  }

  /** Queues all slices at once; they are sent in the order of the claim. */
  #enqueue(round: Round, deliveries: readonly DueDelivery[]): Slice[] {
    const slices: Slice[] = []
    for (let start = 0; start < deliveries.length; start += SLICE) {
      const slice = deliveries.slice(start, start + SLICE)
      const attempts = slice.map((it) => () => this.#attempt(round, it))
      slices.push({ deliveries: slice, results: observed(this.#queue.addAll(attempts)) })
    }
    round.drained = deliveries.length < BATCH_MAX
    return slices
  }

  /** Claims more while the last two slices are on their way; without it the receiver waits for the database. */
  async #claimAhead(round: Round, unrecorded: readonly Slice[]): Promise<Slice[]> {
    const { db, env } = this.#options
    if (round.drained || !this.#mayStart(round)) return []
    const underWay = unrecorded.flatMap((slice) => slice.deliveries.map((it) => it.depositId))
    const claim = { now: env.clock.now(), limit: BATCH_MAX, underWay }
    const deliveries = await claimDue(db, round.endpoint.id, claim)
    return round.over ? [] : this.#enqueue(round, deliveries)
  }

  #mayStart(round: Round): boolean {
    const { env, tenure } = this.#options
    const late = env.clock.monotonicMs() - round.startedMs >= TURN_MS
    return !round.over && !late && tenure() !== null && !isOpen(round.breaker, env.clock.now())
  }

  /** null: not sent, for a reason that concerns the whole endpoint; it stays due with its attempts unspent. */
  async #attempt(round: Round, delivery: DueDelivery): Promise<AttemptResult | null> {
    if (!this.#mayStart(round)) return null
    const { sink, env } = this.#options
    const { endpoint, keys } = round
    const { eventId, body } = delivery
    const outcome = await sink.send({ url: endpoint.url, eventId, body, keys })
    const result = judge(delivery, outcome, env)
    round.breaker = nextBreaker(round.breaker, outcome, env)
    round.over ||= result.decision === 'gone'
    return result
  }

  async #record(round: Round, results: readonly AttemptResult[]): Promise<void> {
    const { db, env, report } = this.#options
    const { endpoint } = round
    const breaker = round.breaker === round.recorded ? null : round.breaker
    const untried = await db.transaction().execute(async (tx) => {
      await assertFence(tx, round.lease)
      return recordBatch(tx, { endpointId: endpoint.id, results, breaker }, env.clock.now())
    })
    round.recorded = breaker ?? round.recorded
    for (const result of results) reportAttempt(report, endpoint, result)
    if (untried !== null) report.retired(endpoint, untried)
  }
}

/** What the attempts of one tick share. */
interface Round {
  readonly lease: Lease
  readonly endpoint: Endpoint
  readonly keys: readonly KeyObject[]
  readonly startedMs: number
  breaker: Breaker
  /** The breaker as it stands in the database. */
  recorded: Breaker
  /** No further attempt may be started. */
  over: boolean
  /** The last claim was not a full one: what is due besides waits for deposits that are under way. */
  drained: boolean
}

/** Deliveries that are recorded together. */
interface Slice {
  readonly deliveries: readonly DueDelivery[]
  readonly results: Promise<(AttemptResult | null)[]>
}

/** From the start, so that its failure is not an unhandled one while another piece of work is awaited. */
function observed<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined)
  return work
}

function judge(delivery: DueDelivery, outcome: AttemptOutcome, env: Env): AttemptResult {
  const { kind } = outcome
  if (kind === 'delivered' || kind === 'gone') {
    return { delivery, outcome, decision: kind, nextAttemptAt: null }
  }
  const { clock, random } = env
  const retryAfterMs = outcome.retryAfterMs ?? 0
  const next = nextAttempt(delivery.attempts + 1, clock.now(), random.fraction(), retryAfterMs)
  return next === 'dead'
    ? { delivery, outcome, decision: 'dead', nextAttemptAt: null }
    : { delivery, outcome, decision: 'retry', nextAttemptAt: next }
}

function nextBreaker(breaker: Breaker, outcome: AttemptOutcome, env: Env): Breaker {
  if (outcome.kind === 'delivered') return breaker.failures === 0 ? breaker : CLOSED
  const { clock, random } = env
  return afterFailure(breaker, clock.now(), random.fraction(), outcome.retryAfterMs ?? 0)
}

function reportAttempt(report: Report, endpoint: Endpoint, result: AttemptResult): void {
  const { delivery, outcome, decision, nextAttemptAt } = result
  report.attempted({
    environment: endpoint.environment,
    endpointId: endpoint.id,
    eventId: delivery.eventId,
    deliveryId: delivery.id,
    depositId: delivery.depositId,
    attempt: delivery.attemptsTotal + 1,
    outcome: outcome.kind,
    status: outcome.status,
    durationMs: outcome.durationMs,
    decision,
    nextAttemptAt: nextAttemptAt?.toISOString() ?? null,
    error: outcome.error,
  })
}
