import PQueue from 'p-queue'
import { assert } from '../lib/assert.ts'
import type { Env } from '../lib/env.ts'
import type { Actor, Outcome } from '../lib/loop.ts'
import { Wake } from '../lib/wake.ts'
import type { Db } from '../store/database.ts'
import { LeaseLostError, assertFence, type Lease } from '../store/lease.ts'
import type { Report } from '../telemetry/report.ts'
import { CLOSED, afterFailure, allowance, isOpen, type Breaker } from './breaker.ts'
import type { AttemptResult, BatchResult, DueDelivery } from './delivery.ts'
import { claimDue, recordBatch } from './delivery-store.ts'
import type { Endpoint } from './endpoint.ts'
import { activeSecrets, findEndpoint } from './endpoint-store.ts'
import { nextAttempt } from './retry-schedule.ts'
import type { AttemptOutcome, Sink } from './sink.ts'

/** Deliveries per tick: enough to make the two transactions around them cheap. */
const BATCH_MAX = 100
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
 * claim, send, record: bounded by BATCH_MAX attempts, with no transaction open while it waits for the receiver.
 * Per deposit the order holds because a claim has one delivery of each and the next claim follows the record.
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
    if (lease === null) return { pace: 'idle', name: 'not_leader' }
    const now = env.clock.now()
    const endpoint = await findEndpoint(db, this.endpointId)
    if (endpoint?.state !== 'enabled') return { pace: 'idle', name: 'endpoint_off' }
    if (isOpen(endpoint.breaker, now)) return { pace: 'idle', name: 'breaker_open' }
    const limit = allowance(endpoint.breaker, BATCH_MAX)
    const [deliveries, secrets] = await Promise.all([
      claimDue(db, endpoint.id, now, limit),
      activeSecrets(db, endpoint.id, now),
    ])
    if (deliveries.length === 0) return { pace: 'idle', name: 'nothing_due' }
    const batch = await this.#send(endpoint, deliveries, secrets)
    if (batch.results.length === 0) return { pace: 'idle', name: 'not_leader' }
    return this.#record(endpoint, batch, lease)
  }

  /** The breaker may trip in the middle of a batch; what was not sent by then stays due, its attempts unspent. */
  async #send(
    endpoint: Endpoint,
    deliveries: readonly DueDelivery[],
    secrets: readonly string[],
  ): Promise<BatchResult> {
    const { sink, env, tenure } = this.#options
    const results: AttemptResult[] = []
    let { breaker } = endpoint
    let gone = false
    const attempt = async (delivery: DueDelivery) => {
      if (gone || tenure() === null || isOpen(breaker, env.clock.now())) return
      const { eventId, body } = delivery
      const outcome = await sink.send({ url: endpoint.url, eventId, body, secrets })
      const result = judge(delivery, outcome, env)
      gone ||= result.decision === 'gone'
      breaker = nextBreaker(breaker, outcome, env)
      results.push(result)
    }
    await this.#queue.addAll(deliveries.map((delivery) => () => attempt(delivery)))
    // In the order of the claim, whichever answer came first.
    results.sort((a, b) => deliveries.indexOf(a.delivery) - deliveries.indexOf(b.delivery))
    return { endpointId: endpoint.id, results, breaker }
  }

  async #record(endpoint: Endpoint, batch: BatchResult, lease: Lease): Promise<Outcome> {
    const { db, env, report } = this.#options
    try {
      await db.transaction().execute(async (tx) => {
        await assertFence(tx, lease)
        await recordBatch(tx, batch, env.clock.now())
      })
    } catch (error) {
      // Whoever holds the lease now sends these again: at least once is the promise.
      if (error instanceof LeaseLostError) return { pace: 'idle', name: 'lease_lost' }
      throw error
    }
    for (const result of batch.results) reportAttempt(report, endpoint, result)
    return { pace: 'busy', name: 'attempted' }
  }
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
  if (outcome.kind === 'delivered') return CLOSED
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
