import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

/** Seconds; from a local node's fraction of a millisecond to a provider's deadline. */
const RPC_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20]
/** Seconds; a receiver has 15 seconds at most. */
const DELIVERY_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15]
/** Blocks; depth 1 is routine on Ethereum, 7 was its deepest since 2022, 157 Polygon's in 2023. */
const REORG_BLOCKS = [1, 2, 3, 5, 7, 12, 32, 64, 157, 512]
/** Seconds; TRON's 3 confirmations take 9, its finality 60, Ethereum's 12 take 144, its finality 13 to 19 minutes. */
const WAIT_SECONDS = [
  1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1_200, 1_800, 3_600, 10_800,
]

/**
 * The catalogue: every metric settled exposes, as data. Labels are low-cardinality by rule: never an address,
 * a hash, an id, a URL or any other word that whoever uses the API chooses; the operator's environments, rails and
 * providers are few. Units stand last in the name. Amounts in whole tokens are floats: for pictures, never for books.
 */
const CATALOGUE = {
  head_height: gauge('Newest block a provider reported', 'chain'),
  tip_height: gauge('Last block connected in our view', 'chain'),
  finalized_height: gauge('Newest block known to be irreversible, verified by hash', 'chain'),
  head_look_age_seconds: gauge('Time since a provider last showed the head', 'chain'),
  head_lag_blocks: gauge('Blocks between the reported head and our tip', 'chain'),
  head_lag_seconds: gauge('Age of our tip against the reported head, by block time', 'chain'),
  tip_timestamp_seconds: gauge('Block time of the last block connected in our view', 'chain'),
  finality_lag_blocks: gauge('Blocks between our tip and the finalized block', 'chain'),
  finality_lag_seconds: gauge('Age of the finalized block against our tip, by block time', 'chain'),
  chain_halted: gauge('1 while a chain is halted and waits for a person', 'chain'),
  reorg_depth_blocks: histogram('Depth of each reorg', REORG_BLOCKS, 'chain'),
  rescans_open: gauge('Rescans not yet finished', 'chain'),
  transfers_seen_total: counter(
    'Transfers of watched contracts read from connected blocks',
    'rail',
  ),
  transfers_matched_total: counter('Transfers that touched a registered address', 'rail'),
  transitions_total: counter('Deposit state transitions', 'rail', 'to'),
  transition_amount_tokens_total: counter(
    'Amounts of deposits that changed state, in whole tokens',
    'rail',
    'to',
  ),
  time_to_confirmed_seconds: histogram(
    "From the time of a deposit's block to its confirmation, by the rule that its band asks for",
    WAIT_SECONDS,
    'rail',
    'band',
  ),
  time_to_final_seconds: histogram(
    "From the time of a deposit's block to its finality, by the rule that its band asks for",
    WAIT_SECONDS,
    'rail',
    'band',
  ),
  deposits: gauge('Deposits by state', 'environment', 'rail', 'state'),
  deposit_amount_tokens: gauge(
    'Amounts of deposits by state, in whole tokens',
    'environment',
    'rail',
    'state',
  ),
  deposit_oldest_seconds: gauge(
    'Since when the oldest deposit waits in its state',
    'rail',
    'state',
  ),
  deposits_overdue: gauge(
    'Deposits whose rule held minutes ago but for the word of other providers, and are not confirmed',
    'rail',
  ),
  at_risk_amount_tokens: gauge(
    'Amounts not yet final that a reorg of this depth would take out, in whole tokens',
    'rail',
    'state',
    'depth',
  ),
  policy_providers_asked: gauge(
    'Providers that the policy in force asks for at most',
    'chain',
    'environment',
    'rail',
  ),
  providers_configured: gauge('Providers that a chain is configured with', 'chain'),
  provider_up: gauge(
    '1 while a provider answers, 0 while its last answer was a failure or it serves another chain',
    'chain',
    'provider',
  ),
  rpc_requests_total: counter('RPC calls', 'chain', 'provider', 'method', 'outcome'),
  rpc_duration_seconds: histogram('RPC latency', RPC_SECONDS, 'chain', 'provider', 'method'),
  outbox_unpublished: gauge('Events committed and not yet numbered'),
  outbox_age_seconds: gauge('Age of the oldest event not yet numbered'),
  events_published_total: counter('Events numbered into the feed', 'type'),
  deliveries_pending: gauge('Deliveries waiting for an attempt', 'environment'),
  delivery_oldest_seconds: gauge('Age of the oldest pending delivery', 'environment'),
  delivery_attempts_total: counter('Webhook attempts', 'outcome'),
  delivery_duration_seconds: histogram('Duration of webhook attempts', DELIVERY_SECONDS, 'outcome'),
  delivery_retries_total: counter('Webhook attempts after the first one of their delivery'),
  delivery_unauthorized_total: counter(
    'Webhook attempts answered 401 or 403: the receiver doubts the signature, or lets nobody in',
  ),
  endpoints_failing: gauge('Endpoints whose breaker has opened', 'environment'),
  deliveries_dead_total: counter(
    'Deliveries given up: after the last retry, or because the receiver answered 410',
  ),
  drift_findings_open: gauge('Findings not yet resolved', 'chain', 'kind', 'severity'),
  drift_audited_height: gauge('Block up to which every provider was read a second time', 'chain'),
  drift_last_round_timestamp_seconds: gauge(
    'When every provider had last been heard up to what was final, in Unix time; 0: never',
    'chain',
  ),
  drift_blocks_audited_total: counter('Blocks read a second time, once per provider', 'chain'),
  drift_proofs_total: counter(
    'Blocks whose receipts were hashed and compared with their header',
    'chain',
    'outcome',
  ),
  drift_balances_total: counter(
    'Balances of addresses held against what the logs of their provider move',
    'chain',
    'outcome',
  ),
  drift_coverage_gap_blocks: gauge(
    'Finalized blocks since the start of a chain that no second look has covered',
    'chain',
  ),
  database_read_timestamp_seconds: gauge(
    'When the gauges that only the database knows were last read',
  ),
  lease_held: gauge('1 while this daemon holds the lease', 'lease'),
  loop_ticks_total: counter('Ticks of each loop', 'loop', 'outcome'),
  loop_errors_total: counter('Ticks that threw', 'loop'),
} as const

type Catalogue = typeof CATALOGUE
type MetricName = keyof Catalogue
type Labels = Record<string, string>

/** Prometheus metrics of one daemon; a registry each, so that several daemons fit into one process. */
export class Metrics {
  readonly registry = new Registry()
  readonly #metrics = new Map<MetricName, Counter | Gauge | Histogram>()
  readonly #readings = new Map<string, Reading>()
  readonly #begun = new Set<string>()

  constructor() {
    for (const [name, spec] of Object.entries(CATALOGUE) as [MetricName, Spec][]) {
      this.#metrics.set(name, this.#build(name, spec))
    }
  }

  /** Node's own process metrics; left out of simulated daemons. */
  collectProcessMetrics(): void {
    collectDefaultMetrics({ register: this.registry })
    // Gauges with a counter's name, which Prometheus warns of; the same numbers by type are beside them.
    for (const what of ['handles', 'requests', 'resources']) {
      this.registry.removeSingleMetric(`nodejs_active_${what}_total`)
    }
  }

  increment(name: MetricName, labels: Labels = {}, by = 1): void {
    const metric = this.#metrics.get(name)
    if (metric instanceof Counter) metric.inc(labels, by)
  }

  set(name: MetricName, value: number, labels: Labels = {}): void {
    const metric = this.#metrics.get(name)
    if (metric instanceof Gauge) metric.set(labels, value)
  }

  /**
   * Lets a counter or a histogram be there with nothing in it, so that its first event is seen as a rise. To be
   * called before a histogram's first observation.
   */
  begin(name: MetricName, labels: Labels): void {
    const metric = this.#metrics.get(name)
    if (metric instanceof Counter) metric.inc(labels, 0)
    // It would forget what is in it.
    const key = keyOf(name, labels)
    if (!(metric instanceof Histogram) || this.#begun.has(key)) return
    this.#begun.add(key)
    metric.zero(labels)
  }

  /** Forgets all label combinations of a gauge that is about to be set anew from the database. */
  reset(name: MetricName): void {
    this.#metrics.get(name)?.reset()
  }

  /** Takes a gauge's value for these labels away: nobody here knows it any more. */
  forget(name: MetricName, labels: Labels): void {
    const metric = this.#metrics.get(name)
    if (metric instanceof Gauge) metric.remove(labels)
  }

  /** Lets a gauge be read whenever it is asked for; null: nobody here knows it. */
  measure(name: MetricName, labels: Labels, read: () => number | null): void {
    this.#readings.set(keyOf(name, labels), { name, labels, read })
  }

  observe(name: MetricName, value: number, labels: Labels = {}): void {
    const metric = this.#metrics.get(name)
    if (metric instanceof Histogram) metric.observe(labels, value)
  }

  #build(name: MetricName, spec: Spec): Counter | Gauge | Histogram {
    const common = {
      name: `settled_${name}`,
      help: spec.help,
      labelNames: [...spec.labels],
      registers: [this.registry],
    }
    if (spec.kind === 'counter') return new Counter(common)
    if (spec.kind === 'gauge') return new Gauge({ ...common, collect: () => this.#read(name) })
    return new Histogram({ ...common, buckets: [...(spec.buckets ?? [])] })
  }

  #read(name: MetricName): void {
    for (const reading of this.#readings.values()) {
      if (reading.name !== name) continue
      const value = reading.read()
      if (value === null) this.forget(name, reading.labels)
      else this.set(name, value, reading.labels)
    }
  }
}

function keyOf(name: MetricName, labels: Labels): string {
  return `${name} ${JSON.stringify(labels)}`
}

interface Reading {
  readonly name: MetricName
  readonly labels: Labels
  readonly read: () => number | null
}

interface Spec {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  readonly buckets?: readonly number[]
}

function counter(help: string, ...labels: string[]): Spec {
  return { kind: 'counter', help, labels }
}

function gauge(help: string, ...labels: string[]): Spec {
  return { kind: 'gauge', help, labels }
}

function histogram(help: string, buckets: readonly number[], ...labels: string[]): Spec {
  return { kind: 'histogram', help, labels, buckets }
}
