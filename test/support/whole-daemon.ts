import { actorsOf, watchChain } from '../../src/chain-watch.ts'
import { fanOut } from '../../src/delivery/delivery-store.ts'
import { Dispatcher } from '../../src/delivery/dispatcher.ts'
import type { Lane } from '../../src/delivery/lane.ts'
import type { Sink } from '../../src/delivery/sink.ts'
import type { ChainSource } from '../../src/domain/source.ts'
import { createServer } from '../../src/http/server.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { Publisher } from '../../src/outbox/publisher.ts'
import { openDatabase, type Db } from '../../src/store/database.ts'
import { LeaseKeeper } from '../../src/store/lease-keeper.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { Report } from '../../src/telemetry/report.ts'
import { ANVIL, PLAIN_CODEC } from './flow-world.ts'
import { settle } from './settle.ts'

export interface DaemonOptions {
  readonly url: string
  readonly source: ChainSource
  /** The chain's first block, where the database knows of none. */
  readonly start: number
  readonly now: () => Date
  readonly sink: Sink
}

/** All that moves money's news, driven by hand: it watches Anvil's chain, publishes, sends and answers. */
export interface WholeDaemon {
  readonly db: Db
  /** Lets all of it act until nobody has anything to do. */
  settle(): Promise<void>
  /** What the API answers: status and parsed body. */
  get(path: string, key: string): Promise<{ readonly status: number; readonly body: unknown }>
  /** Hands its leases over and leaves no session behind. */
  stop(): Promise<void>
}

export async function startDaemon(options: DaemonOptions): Promise<WholeDaemon> {
  const { url, source, start, now, sink } = options
  const db = openDatabase({ url, poolSize: 5, applicationName: 'daemon' })
  const log = createLogger({ level: 'silent' })
  const metrics = new Metrics()
  const report = new Report(log, metrics)
  const env = { clock: { ...systemClock, now }, random: { ...systemRandom, fraction: () => 0 } }
  const chain = { ...ANVIL, providers: [], websocketUrl: null, start, pollMs: 250 }
  const base = { db, env, report, holder: 'daemon', log, metrics }
  const watch = watchChain(chain, source, PLAIN_CODEC, { ...base, onEvents: () => undefined })
  const publishing = new LeaseKeeper('publisher', base.holder, base)
  const onPublished = () => undefined
  const publisher = new Publisher({ ...base, fanOut, lease: publishing.current, onPublished })
  const sending = new LeaseKeeper('delivery', base.holder, base)
  const lanes = new Set<Lane>()
  const host = {
    start: (lane: Lane) => void lanes.add(lane),
    stop: (lane: Lane) => void lanes.delete(lane),
    close: async () => lanes.clear(),
  }
  const dispatcher = new Dispatcher({ ...base, sink, lease: sending.current, lanes: host })
  const server = await createServer({
    ...base,
    chains: [chain],
    codecs: () => PLAIN_CODEC,
    webhookAllow: [],
    readiness: async () => ({ ready: true, healthy: true, database: null, chains: [] }),
    heads: () => null,
  })
  const actors = [...actorsOf(watch), publishing, publisher, sending, dispatcher]
  return {
    db,
    settle: () => settle({ actors }, lanes),
    async get(path, key) {
      const headers = { authorization: `Bearer ${key}` }
      const { statusCode, body } = await server.inject({ url: path, headers })
      return { status: statusCode, body: JSON.parse(body) as unknown }
    },
    async stop() {
      await server.close()
      for (const keeper of [watch.keeper, publishing, sending]) await keeper.release()
      await db.destroy()
    },
  }
}
