import { actorsOf, auditChain, watchChain, type ChainWatch } from './chain-watch.ts'
import type { ChainConfig, Config } from './config/config.ts'
import { fanOut } from './delivery/delivery-store.ts'
import { Dispatcher } from './delivery/dispatcher.ts'
import { LaneLoops, type LaneHost } from './delivery/lane-loops.ts'
import type { Sink } from './delivery/sink.ts'
import { WebhookSink } from './delivery/sinks/webhook.ts'
import { assertOneContract } from './domain/caip.ts'
import type { ChainId, Codec } from './domain/chain.ts'
import { AppError } from './domain/error.ts'
import { randomId } from './domain/id.ts'
import { DriftGauges } from './drift/drift-gauges.ts'
import type { Oracle } from './explain/ask.ts'
import { Gauges, LastingTotals } from './gauges.ts'
import { Housekeeping } from './housekeeping.ts'
import type { App as HttpServer } from './http/deps.ts'
import { askProbes } from './http/readiness.ts'
import { createServer } from './http/server.ts'
import { required } from './lib/assert.ts'
import type { Env } from './lib/env.ts'
import type { Actor, LoopOptions } from './lib/loop.ts'
import type { Wake } from './lib/wake.ts'
import { runDaemon, type Daemon, type Loop } from './lifecycle.ts'
import { Publisher } from './outbox/publisher.ts'
import { ShortageWatch } from './provider-shortage.ts'
import { probesOf, type ReadinessParts } from './readiness.ts'
import { adapterFor, type OpenSource, type RpcHttp } from './source/index.ts'
import { openDatabase, type Db, type DatabaseOptions } from './store/database.ts'
import { LeaseKeeper } from './store/lease-keeper.ts'
import type { Logger } from './telemetry/logger.ts'
import { Metrics } from './telemetry/metrics.ts'
import { Report } from './telemetry/report.ts'

/** What differs between the daemon, a test and a simulated world. */
export interface AppDeps {
  readonly env: Env
  readonly log: Logger
  readonly http: RpcHttp
  readonly sink?: Sink
  /** Drives the lanes in place of loops of their own. */
  readonly lanes?: LaneHost
  readonly wrapPool?: DatabaseOptions['wrapPool']
}

/** A daemon, built and not yet running. Several fit into one process: nothing here is module-level state. */
export interface App {
  readonly db: Db
  readonly metrics: Metrics
  readonly server: HttpServer
  /** Every actor, in the order in which a deterministic driver should tick them. */
  readonly actors: readonly Actor[]
  /** Listens and runs the loops until the signal aborts; then stops in order and hands the leases over. */
  run(signal: AbortSignal): Promise<void>
}

/** How long each kind of actor rests after an idle tick, in milliseconds. A follower's rest is its chain's `pollMs`. */
const REST_MS = {
  lease: 1_000,
  filter: 5_000,
  rescanner: 1_000,
  witness: 2_000,
  auditor: 1_000,
  publisher: 250,
  dispatcher: 500,
  gauges: 5_000,
  totals: 60_000,
  housekeeping: 60_000,
  shortages: 60_000,
}
const ERROR_REST_MS_MAX = 5_000

/** What every part is built with. */
interface Base {
  readonly config: Config
  readonly db: Db
  readonly env: Env
  readonly log: Logger
  readonly metrics: Metrics
  readonly report: Report
  /** Names this daemon in leases; unique to it. */
  readonly holder: string
}

export async function createApp(config: Config, deps: AppDeps): Promise<App> {
  const base = createBase(config, deps)
  const { db, env, metrics } = base
  const deliveryLease = new LeaseKeeper('delivery', base.holder, base)
  const sink = deps.sink ?? new WebhookSink(env.clock, config.webhookAllow)
  const lanes = deps.lanes ?? new LaneLoops({ ...loopReports(base), idleMs: REST_MS.dispatcher })
  const dispatcher = new Dispatcher({ ...base, sink, lanes, lease: deliveryLease.current })
  const publisherLease = new LeaseKeeper('publisher', base.holder, base)
  const publisher = new Publisher({
    ...base,
    fanOut,
    lease: publisherLease.current,
    onPublished: () => dispatcher.wake.ring(),
  })
  const chains = await openChains(base, deps.http)
  const watches = chains.opened.map(({ config: chain, source }) =>
    watchChain(chain, source, codecOf(config, chain.chain.id), {
      ...base,
      onEvents: () => publisher.wake.ring(),
    }),
  )
  const lasting = new LastingTotals(db)
  const loops: Loop[] = [
    ...watches.flatMap((watch, index) => chainLoops(watch, chains.opened[index]?.config)),
    ...watches.flatMap((watch, index) => auditLoops(base, watch, chains.opened[index])),
    { actor: publisherLease, idleMs: REST_MS.lease },
    { actor: publisher, idleMs: REST_MS.publisher, wake: publisher.wake },
    { actor: deliveryLease, idleMs: REST_MS.lease },
    { actor: dispatcher, idleMs: REST_MS.dispatcher, wake: dispatcher.wake },
    { actor: lasting, idleMs: REST_MS.totals },
    {
      actor: new Gauges(db, env.clock, metrics, { chains: config.chains, lasting }),
      idleMs: REST_MS.gauges,
    },
    { actor: new DriftGauges(db, metrics, config.chains), idleMs: REST_MS.gauges },
    { actor: new Housekeeping(db, env.clock), idleMs: REST_MS.housekeeping },
    { actor: new ShortageWatch(db, config.chains, base.report), idleMs: REST_MS.shortages },
  ]
  const sights = new Map(watches.map(({ chain, follower }) => [chain.id, follower.sight]))
  const server = await createApi(base, { ...chains, sights }, dispatcher.wake)

  const sources = chains.opened.map(({ source }) => source)
  const reports = loopReports(base)
  const daemon: Daemon = { ...base, server, loops, reports, dispatcher, sink, sources }
  return {
    db,
    metrics,
    server,
    actors: loops.map(({ actor }) => actor),
    run: (signal) => runDaemon(daemon, signal),
  }
}

function createBase(config: Config, { env, log, wrapPool }: AppDeps): Base {
  const metrics = new Metrics()
  const db = openDatabase({
    url: config.databaseUrl,
    poolSize: config.poolSize,
    applicationName: 'settled',
    ...(wrapPool === undefined ? {} : { wrapPool }),
  })
  const holder = randomId('daemon', env.random)
  return { config, db, env, log, metrics, report: new Report(log, metrics), holder }
}

function createApi(
  { config, db, env, log, metrics }: Base,
  known: Chains & Pick<ReadinessParts, 'sights'>,
  replayed: Wake,
): Promise<HttpServer> {
  const probes = probesOf({ db, clock: env.clock, chains: config.chains, ...known })
  return createServer({
    db,
    env,
    log,
    metrics,
    chains: config.chains,
    webhookAllow: config.webhookAllow,
    codecs: (chainId) => codecOf(config, chainId),
    heads: (chainId) => known.sights.get(chainId)?.height ?? null,
    oracles: (chainId) => oracleOf(known, chainId),
    readiness: () => askProbes(probes),
    onReplay: () => replayed.ring(),
  })
}

function loopReports({ env, report }: Base): Omit<LoopOptions, 'signal' | 'idleMs' | 'wake'> {
  return {
    clock: env.clock,
    errorMsMax: ERROR_REST_MS_MAX,
    onOutcome: (actor, outcome) => report.tick(actor, outcome),
    onError: (actor, failing) => report.tickFailed(actor, failing),
    onRecovered: (actor, recovered) => report.tickRecovered(actor, recovered),
  }
}

function chainLoops(watch: ChainWatch, config: ChainConfig | undefined): Loop[] {
  const { pollMs } = required(config, 'every watch has its chain')
  const { lease, filter, rescanner, witness } = REST_MS
  const rests = [lease, filter, pollMs, rescanner, witness]
  return actorsOf(watch).map((actor, index) => ({
    actor,
    idleMs: required(rests[index], `${actor.name} has a rest`),
    ...(actor === watch.follower ? { wake: watch.hint } : {}),
  }))
}

/** Rests after every stretch it reads: following the head comes first wherever a provider counts requests. */
function auditLoops(
  base: Base,
  watch: ChainWatch,
  opened: Chains['opened'][number] | undefined,
): Loop[] {
  const { config, source } = required(opened, 'every watch has its chain')
  if (config.isAudited === false) return []
  const codec = codecOf(base.config, watch.chain.id)
  const { proofEvery = 0, balanceSample = 0 } = base.config
  const deps = { ...base, codec, proofEvery, balanceSample }
  const actor = auditChain(config, watch, source.audit, deps)
  return [{ actor, idleMs: REST_MS.auditor }]
}

interface Chains {
  readonly opened: readonly { readonly config: ChainConfig; readonly source: OpenSource }[]
  /** Chains that must not start, with what a person has to mend. The others run all the same. */
  readonly refused: ReadonlyMap<ChainId, string>
}

async function openChains({ config, env, report, log }: Base, http: RpcHttp): Promise<Chains> {
  const opened: { config: ChainConfig; source: OpenSource }[] = []
  const refused = new Map<ChainId, string>()
  for (const chainConfig of config.chains) {
    const { chain } = chainConfig
    try {
      const adapter = adapterFor(chain.family)
      for (const { rail } of chainConfig.rails) assertOneContract(rail, adapter.codec)
      const source = await adapter.open(chainConfig, { env, http, report })
      opened.push({ config: chainConfig, source })
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      refused.set(chain.id, error.message)
      report.leaseWanted(`chain:${chain.id}`)
      log.fatal({ chain: chain.slug }, `chain not started: ${error.message}`)
    }
  }
  return { opened, refused }
}

/** Explanations ask the very sources that the chain is followed with, and know what these know of their providers. */
function oracleOf({ opened, refused }: Chains, chainId: ChainId): Oracle {
  const found = opened.find(({ config }) => config.chain.id === chainId)
  if (found !== undefined) return { source: found.source }
  return { absence: `this daemon did not start it: ${refused.get(chainId)}` }
}

function codecOf(config: Config, chainId: ChainId): Codec {
  const found = config.chains.find(({ chain }) => chain.id === chainId)
  return adapterFor(required(found, `${chainId} is configured`).chain.family).codec
}
