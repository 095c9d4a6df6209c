import { actorsOf, watchChain, type ChainWatch } from './chain-watch.ts'
import type { ChainConfig, Config } from './config/config.ts'
import { fanOut } from './delivery/delivery-store.ts'
import { Dispatcher } from './delivery/dispatcher.ts'
import { LaneLoops } from './delivery/lane-loops.ts'
import type { Sink } from './delivery/sink.ts'
import { WebhookSink } from './delivery/sinks/webhook.ts'
import { AppError } from './domain/error.ts'
import { randomId } from './domain/id.ts'
import type { ChainSource } from './domain/source.ts'
import { Gauges } from './gauges.ts'
import type { App as HttpServer } from './http/deps.ts'
import { askProbes } from './http/readiness.ts'
import { createServer } from './http/server.ts'
import { required } from './lib/assert.ts'
import type { Env } from './lib/env.ts'
import { runLoop, type Actor, type LoopOptions } from './lib/loop.ts'
import type { Wake } from './lib/wake.ts'
import { Publisher } from './outbox/publisher.ts'
import { probesOf } from './readiness.ts'
import { adapterFor, type RpcHttp } from './source/index.ts'
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
  readonly wrapPool?: DatabaseOptions['wrapPool']
}

/** A daemon, built and not yet running. Several fit into one process: nothing here is module-level state. */
export interface App {
  readonly db: Db
  readonly metrics: Metrics
  readonly server: HttpServer
  /** Every actor, in the order in which a deterministic driver should tick them. */
  readonly actors: readonly Actor[]
  /** Listens and runs the loops until the signal aborts; then stops in reverse order and lets leases go. */
  run(signal: AbortSignal): Promise<void>
}

/** How long each kind of actor rests after an idle tick, in milliseconds. */
const REST_MS = {
  lease: 1_000,
  publisher: 250,
  dispatcher: 500,
  rescanner: 1_000,
  witness: 2_000,
  gauges: 5_000,
}
const ERROR_REST_MS_MAX = 5_000

interface Running {
  readonly actor: Actor
  readonly idleMs: number
  readonly wake?: Wake
}

export async function createApp(config: Config, deps: AppDeps): Promise<App> {
  const { env, log } = deps
  const metrics = new Metrics()
  const report = new Report(log, metrics)
  const db = openDatabase({
    url: config.databaseUrl,
    poolSize: config.poolSize,
    applicationName: 'settled',
    ...(deps.wrapPool === undefined ? {} : { wrapPool: deps.wrapPool }),
  })
  const holder = randomId('daemon', env.random)
  const loopBasics = loopReports(env, report)

  const sink = deps.sink ?? new WebhookSink(env.clock, config.webhookAllow)
  const lanes = new LaneLoops({ ...loopBasics, idleMs: REST_MS.dispatcher })
  const dispatcher = new Dispatcher({ db, sink, env, report, holder, lanes })
  const publisherLease = new LeaseKeeper('publisher', holder, { db, env, report })
  const publisher = new Publisher({
    db,
    env,
    report,
    fanOut,
    lease: publisherLease.current,
    onPublished: () => dispatcher.wake.ring(),
  })

  const opened = await openSources(config.chains, deps, report)
  const watches = opened.sources.map(({ chain, source }) =>
    watchChain(chain, source, adapterFor(chain.chain.family).codec, {
      db,
      env,
      report,
      holder,
      onEvents: () => publisher.wake.ring(),
    }),
  )
  const slugs = new Map(config.chains.map(({ chain }) => [chain.id, chain.slug]))
  const gauges = new Gauges(db, env.clock, metrics, slugs)
  const probes = probesOf(db, env.clock, config.chains, opened.refused)
  const server = await createServer({
    db,
    env,
    chains: config.chains,
    codecs: (chainId) => codecOf(config.chains, chainId),
    metrics,
    log,
    webhookAllow: config.webhookAllow,
    readiness: () => askProbes(probes),
    onReplay: () => dispatcher.wake.ring(),
  })

  const running: Running[] = [
    ...watches.flatMap((watch, index) => chainLoops(watch, opened.sources[index]?.chain)),
    { actor: publisherLease, idleMs: REST_MS.lease },
    { actor: publisher, idleMs: REST_MS.publisher, wake: publisher.wake },
    { actor: dispatcher, idleMs: REST_MS.dispatcher, wake: dispatcher.wake },
    { actor: gauges, idleMs: REST_MS.gauges },
  ]

  return {
    db,
    metrics,
    server,
    actors: running.map(({ actor }) => actor),
    async run(signal) {
      await server.listen({ host: config.host, port: config.port })
      await Promise.all(
        running.map(({ actor, idleMs, wake }) =>
          runLoop(actor, {
            ...loopBasics,
            signal,
            idleMs,
            ...(wake === undefined ? {} : { wake }),
          }),
        ),
      )
      await server.close()
      await dispatcher.close()
      await publisherLease.release()
      for (const watch of watches) await watch.keeper.release()
      for (const { source } of opened.sources) await source.close()
      await db.destroy()
    },
  }
}

function loopReports(env: Env, report: Report): Omit<LoopOptions, 'signal' | 'idleMs' | 'wake'> {
  return {
    clock: env.clock,
    errorMsMax: ERROR_REST_MS_MAX,
    onOutcome: (actor, outcome) => report.tick(actor, outcome),
    onError: (actor, error, failures) => report.tickFailed(actor, error, failures),
  }
}

function chainLoops(watch: ChainWatch, config: ChainConfig | undefined): Running[] {
  const { pollMs } = required(config, 'every watch has its chain')
  const rests = new Map<Actor, number>([
    [watch.keeper, REST_MS.lease],
    [watch.filter, REST_MS.gauges],
    [watch.follower, pollMs],
    [watch.rescanner, REST_MS.rescanner],
    [watch.witness, REST_MS.witness],
  ])
  return actorsOf(watch).map((actor) => ({
    actor,
    idleMs: rests.get(actor) ?? pollMs,
    ...(actor === watch.follower ? { wake: watch.hint } : {}),
  }))
}

interface Opened {
  readonly sources: readonly { readonly chain: ChainConfig; readonly source: ChainSource }[]
  /** Chains that must not start, with what a person has to mend. The others run all the same. */
  readonly refused: ReadonlyMap<string, string>
}

async function openSources(
  chains: readonly ChainConfig[],
  deps: AppDeps,
  report: Report,
): Promise<Opened> {
  const sources: { chain: ChainConfig; source: ChainSource }[] = []
  const refused = new Map<string, string>()
  for (const chain of chains) {
    try {
      const { env, http } = deps
      sources.push({
        chain,
        source: await adapterFor(chain.chain.family).open(chain, { env, http, report }),
      })
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      refused.set(chain.chain.id, error.message)
      deps.log.fatal({ chain: chain.chain.slug }, `chain not started: ${error.message}`)
    }
  }
  return { sources, refused }
}

function codecOf(chains: readonly ChainConfig[], chainId: string) {
  const config = chains.find(({ chain }) => chain.id === chainId)
  return adapterFor(required(config, `${chainId} is configured`).chain.family).codec
}
