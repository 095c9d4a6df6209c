import type { BlockRef } from '../domain/block.ts'
import { approximateTokens } from '../domain/amount.ts'
import type { Chain, Rail, RailId } from '../domain/chain.ts'
import { DEPOSIT_STATES, type Deposit } from '../domain/deposit.ts'
import type { Finding } from '../domain/finding.ts'
import { EVENT_TYPES, type DepositEvent } from '../domain/event.ts'
import type { Actor, Failing, Outcome, Recovered } from '../lib/loop.ts'
import { isOutage, outageReason } from '../lib/outage.ts'
import type { Logger } from './logger.ts'
import type { Metrics } from './metrics.ts'
import type {
  AttemptReport,
  ChainPosition,
  ProviderDemand,
  RetiredEndpoint,
  RpcReport,
  WaitReport,
} from './reported.ts'

const POSITION_GAUGES = [
  'head_height',
  'tip_height',
  'finalized_height',
  'head_lag_blocks',
  'head_lag_seconds',
  'tip_timestamp_seconds',
  'finality_lag_blocks',
  'finality_lag_seconds',
  'chain_halted',
] as const

/**
 * One call per business event: it writes the canonical log line and moves the metrics, so the two never tell
 * different stories. Reports are made after the commit they speak of, and they never throw.
 */
export class Report {
  readonly #log: Logger
  readonly #metrics: Metrics
  readonly #attempts: Logger

  constructor(log: Logger, metrics: Metrics) {
    this.#log = log
    this.#metrics = metrics
    // The commonest line by far. It has a fixed set of fields, none of them to redact; looking for some took
    // twice as long as writing it.
    this.#attempts = log.child({}, { redact: [] })
  }

  /** At the start: a counter that first appears with its first event has no rise that anybody could see. */
  watched(chain: Chain, rails: readonly RailId[]): void {
    this.#metrics.begin('reorg_depth_blocks', { chain: chain.slug })
    for (const type of EVENT_TYPES) this.#metrics.begin('events_published_total', { type })
    for (const rail of rails) {
      this.#metrics.begin('transfers_seen_total', { rail })
      this.#metrics.begin('transfers_matched_total', { rail })
      for (const to of DEPOSIT_STATES) {
        this.#metrics.begin('transitions_total', { rail, to })
        this.#metrics.begin('transition_amount_tokens_total', { rail, to })
      }
    }
  }

  seen(rail: string, seen: number, matched: number): void {
    this.#metrics.increment('transfers_seen_total', { rail }, seen)
    this.#metrics.increment('transfers_matched_total', { rail }, matched)
  }

  reorg(chain: Chain, ancestor: BlockRef, depth: number): void {
    this.#metrics.observe('reorg_depth_blocks', depth, { chain: chain.slug })
    this.#log.warn(
      { chain: chain.slug, height: ancestor.height, blockHash: ancestor.hash, depth },
      'reorg',
    )
  }

  halted(chain: Chain, reason: string, evidence: object): void {
    this.#metrics.set('chain_halted', 1, { chain: chain.slug })
    this.#log.fatal({ chain: chain.slug, evidence }, `chain halted: ${reason}`)
  }

  resumed(chain: Chain): void {
    this.#metrics.set('chain_halted', 0, { chain: chain.slug })
  }

  /** Another daemon follows the chain now: what we last knew of it must not be taken for how it stands. */
  stoodBack(chain: Chain): void {
    for (const gauge of POSITION_GAUGES) this.#metrics.forget(gauge, { chain: chain.slug })
  }

  /** Read at every scrape: a gauge that is set after each look would stand still when no look comes back. */
  headAge(chain: Chain, read: () => number | null): void {
    this.#metrics.measure('head_look_age_seconds', { chain: chain.slug }, read)
  }

  /** Where a chain stands after a tick: what the provider says against what we have. */
  position(chain: Chain, position: ChainPosition): void {
    const { head, tip, finalized } = position
    const labels = { chain: chain.slug }
    const secondsBelow = (above: Date, { time }: { readonly time: Date }): number =>
      Math.max(0, (above.getTime() - time.getTime()) / 1_000)
    this.#metrics.set('tip_timestamp_seconds', tip.time.getTime() / 1_000, labels)
    this.#metrics.set('head_lag_seconds', secondsBelow(head.time, tip), labels)
    this.#metrics.set('head_height', head.height, labels)
    this.#metrics.set('tip_height', tip.height, labels)
    this.#metrics.set('head_lag_blocks', Math.max(0, head.height - tip.height), labels)
    if (finalized === null) return
    this.#metrics.set('finalized_height', finalized.height, labels)
    this.#metrics.set('finality_lag_blocks', Math.max(0, tip.height - finalized.height), labels)
    this.#metrics.set('finality_lag_seconds', secondsBelow(tip.time, finalized), labels)
  }

  /** A provider's answer that cannot be true; it was not believed. */
  providerLied(chain: Chain, what: string, evidence: object): void {
    this.#log.error({ chain: chain.slug, evidence }, `provider contradiction: ${what}`)
  }

  /** A watched contract logged, as a transfer, what is none. Such a log moves nothing for us. */
  oddLog(chain: Chain, log: object): void {
    this.#log.warn({ chain: chain.slug, log }, 'log of another shape skipped')
  }

  providersAsked({ chain, environment, rail, asked, configured }: ProviderDemand): void {
    this.#metrics.set('policy_providers_asked', asked, { chain, environment, rail })
    this.#metrics.set('providers_configured', configured, { chain })
  }

  audited(chain: Chain, blocks: number): void {
    this.#metrics.increment('drift_blocks_audited_total', { chain: chain.slug }, blocks)
  }

  proven(chain: Chain, outcome: string): void {
    this.#metrics.increment('drift_proofs_total', { chain: chain.slug, outcome })
  }

  balanced(chain: Chain, outcome: string): void {
    this.#metrics.increment('drift_balances_total', { chain: chain.slug, outcome })
  }

  /** A provider's account of final blocks that could not be worked with, whoever is to blame for that. */
  accountRefused({ slug: chain }: Chain, provider: string, error: unknown): void {
    this.#log.error({ chain, provider, err: error }, 'the second look stumbled over an account')
  }

  /** The chain, read a second time, says something else than our records. */
  found(finding: Finding): void {
    const level = finding.severity === 'critical' ? 'error' : 'warn'
    this.#log[level](
      {
        environment: finding.environment,
        chain: finding.chainId,
        findingId: finding.id,
        kind: finding.kind,
        provider: finding.provider,
        height: finding.height,
        depositId: finding.depositId,
      },
      `finding: ${finding.summary}`,
    )
  }

  findingGone({ id, kind }: Finding, reason: string): void {
    this.#log.info({ findingId: id, kind }, `finding resolved: ${reason}`)
  }

  /** A policy that cannot be met with the providers there are. */
  policyUnmet(
    subject: { readonly environment: string; readonly rail: string },
    what: string,
  ): void {
    this.#log.error({ ...subject }, what)
  }

  transition(deposit: Deposit, event: DepositEvent, { decimals }: Pick<Rail, 'decimals'>): void {
    const labels = { rail: deposit.rail, to: deposit.state }
    this.#metrics.increment('transitions_total', labels)
    const tokens = approximateTokens(deposit.amount, decimals)
    this.#metrics.increment('transition_amount_tokens_total', labels, tokens)
    const level = deposit.state === 'reversed' ? 'error' : 'info'
    this.#log[level](
      {
        environment: deposit.environment,
        rail: deposit.rail,
        depositId: deposit.id,
        eventId: event.id,
        version: deposit.version,
        height: deposit.height,
        blockHash: deposit.blockHash,
        txHash: deposit.txHash,
        amount: deposit.amount.toString(),
      },
      event.type,
    )
  }

  /** A deposit of this band waits: the band's times are there before the first of them is known. */
  awaited(rail: RailId, band: string): void {
    this.#metrics.begin('time_to_confirmed_seconds', { rail, band })
    this.#metrics.begin('time_to_final_seconds', { rail, band })
  }

  /** How long a deposit took to a state, from the time of its block. */
  waited({ rail, band, until, seconds }: WaitReport): void {
    this.awaited(rail, band)
    this.#metrics.observe(`time_to_${until}_seconds`, seconds, { rail, band })
  }

  published(type: string, count: number): void {
    this.#metrics.increment('events_published_total', { type }, count)
  }

  /** At the start, for the same reason as `watched`. */
  dispatching(outcomes: readonly string[]): void {
    for (const outcome of outcomes) this.#metrics.begin('delivery_attempts_total', { outcome })
  }

  attempted(attempt: AttemptReport): void {
    const { outcome, status, durationMs } = attempt
    this.#metrics.increment('delivery_attempts_total', { outcome })
    if (attempt.attempt > 1) this.#metrics.increment('delivery_retries_total')
    if (status === 401 || status === 403) this.#metrics.increment('delivery_unauthorized_total')
    this.#metrics.observe('delivery_duration_seconds', durationMs / 1000, { outcome })
    const isGivenUp = attempt.decision === 'dead' || attempt.decision === 'gone'
    if (isGivenUp) this.#metrics.increment('deliveries_dead_total')
    const level = isGivenUp ? 'error' : outcome === 'delivered' ? 'info' : 'warn'
    this.#attempts[level](attempt, 'delivery.attempted')
  }

  /** Its receiver answered 410. What waited for it is given up without an attempt that could tell of it. */
  retired({ id, environment }: RetiredEndpoint, untried: number): void {
    this.#metrics.increment('deliveries_dead_total', {}, untried)
    this.#log.error({ environment, endpointId: id, untried }, 'endpoint retired: it answered 410')
  }

  /** Read at every scrape; null where this daemon has not asked the provider for a while. */
  providerUp(chain: Chain, provider: string, read: () => boolean | null): void {
    const asNumber = (up: boolean | null): number | null => (up === null ? null : Number(up))
    this.#metrics.measure('provider_up', { chain: chain.slug, provider }, () => asNumber(read()))
  }

  rpc(call: RpcReport): void {
    const { chain, provider, method, outcome } = call
    this.#metrics.increment('rpc_requests_total', { chain, provider, method, outcome })
    this.#metrics.observe('rpc_duration_seconds', call.durationMs / 1000, {
      chain,
      provider,
      method,
    })
    if (outcome !== 'ok') this.#log.warn(call, 'rpc failed')
  }

  /** A lease that nobody takes must be seen as well. */
  leaseWanted(name: string): void {
    this.#metrics.set('lease_held', 0, { lease: name })
  }

  lease(name: string, held: boolean): void {
    this.#metrics.set('lease_held', held ? 1 : 0, { lease: name })
    this.#log.info({ lease: name, held }, held ? 'lease taken' : 'lease lost')
  }

  tick(actor: Actor, outcome: Outcome): void {
    this.#metrics.increment('loop_ticks_total', { loop: actor.name, outcome: outcome.name })
    this.#metrics.begin('loop_errors_total', { loop: actor.name })
  }

  /** Said when a loop begins to fail, and when it fails with another kind of error: not at every tick. */
  tickFailed({ name: loop }: Actor, { error, failures, previous }: Failing): void {
    this.#metrics.increment('loop_errors_total', { loop })
    if (failures > 1 && kindOf(error) === kindOf(previous)) return
    if (isOutage(error)) {
      const reason = outageReason(error)
      this.#log.error(
        { loop, failures, reason },
        'failing: the database cannot be reached; look at PostgreSQL and DATABASE_URL',
      )
    } else {
      const what = error instanceof Error ? error.message : String(error)
      this.#log.error({ loop, failures, err: error }, `failing: ${what}`)
    }
  }

  /** A loop that lost its lease meanwhile does nothing now, and so no longer fails. */
  tickRecovered({ name: loop }: Actor, { failures, failedMs, outcome }: Recovered): void {
    const seconds = Math.round(failedMs / 1_000)
    const what =
      outcome.name === 'standby'
        ? `stands by after failing for ${seconds} s`
        : `recovered after ${seconds} s`
    this.#log.info({ loop, failures }, what)
  }
}

/** Messages tell one block from the next; what an operator has to do follows from the kind. */
function kindOf(error: unknown): string {
  if (isOutage(error)) return 'outage'
  return error instanceof Error ? error.name : typeof error
}
