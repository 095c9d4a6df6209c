import type { TestContext } from 'node:test'
import { listDeliveries } from '../../../src/delivery/delivery-page-store.ts'
import { fanOut } from '../../../src/delivery/delivery-store.ts'
import type { Delivery } from '../../../src/delivery/delivery.ts'
import { Dispatcher } from '../../../src/delivery/dispatcher.ts'
import { createEndpoint, getEndpoint } from '../../../src/delivery/endpoint-store.ts'
import type { Endpoint } from '../../../src/delivery/endpoint.ts'
import type { LaneHost } from '../../../src/delivery/lane-loops.ts'
import type { Lane } from '../../../src/delivery/lane.ts'
import { newSecret } from '../../../src/delivery/signature.ts'
import type { Sink } from '../../../src/delivery/sink.ts'
import { WebhookSink } from '../../../src/delivery/sinks/webhook.ts'
import { startReceiver, type Receiver } from '../../../src/dev/receiver.ts'
import { EVENT_TYPES } from '../../../src/domain/event.ts'
import type { Clock } from '../../../src/lib/clock.ts'
import { systemRandom } from '../../../src/lib/random.ts'
import type { Db } from '../../../src/store/database.ts'
import { LeaseKeeper } from '../../../src/store/lease-keeper.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { Report } from '../../../src/telemetry/report.ts'
import { letLeasesLast, testDatabase } from '../../support/database.ts'
import { ManualClock } from './manual-clock.ts'

export const ENVIRONMENT = 'acme-live'
export const LOOPBACK = ['127.0.0.0/8']

/** No jitter, so that every expected time can be written down. */
const random = { bytes: (count: number) => systemRandom.bytes(count), fraction: () => 0 }

/** Lanes that run only when a test says so. */
export class ScriptedLanes implements LaneHost {
  readonly lanes = new Set<Lane>()

  start(lane: Lane): void {
    this.lanes.add(lane)
  }

  stop(lane: Lane): void {
    this.lanes.delete(lane)
  }

  close(): Promise<void> {
    this.lanes.clear()
    return Promise.resolve()
  }

  of(endpoint: Endpoint): Lane {
    const lane = [...this.lanes].find(({ endpointId }) => endpointId === endpoint.id)
    if (lane === undefined) throw new Error(`no lane for ${endpoint.id}`)
    return lane
  }
}

export interface Consumer {
  readonly endpoint: Endpoint
  readonly receiver: Receiver
  readonly secret: string
}

export interface Daemon {
  readonly keeper: LeaseKeeper
  readonly dispatcher: Dispatcher
  readonly lanes: ScriptedLanes
  readonly metrics: Metrics
  /** Ticks the dispatcher and its lanes until none has anything left to do for now. */
  run(): Promise<void>
}

export class World {
  readonly db: Db
  readonly clock: ManualClock
  readonly sink: Sink
  readonly logged: { msg: string }[] = []
  readonly #t: TestContext
  #events = 0

  private constructor(t: TestContext, db: Db) {
    this.#t = t
    this.db = db
    this.clock = new ManualClock(t)
    this.sink = new WebhookSink(this.clock, LOOPBACK)
    t.after(() => this.sink.close())
  }

  static async create(t: TestContext): Promise<World> {
    const { db } = await testDatabase(t)
    await letLeasesLast(db)
    const world = new World(t, db)
    await world.#seed()
    return world
  }

  daemon(holder: string, sink: Sink = this.sink): Daemon {
    const lanes = new ScriptedLanes()
    const destination = { write: (line: string) => this.logged.push(JSON.parse(line)) }
    const metrics = new Metrics()
    const report = new Report(createLogger({ level: 'info', destination }), metrics)
    const env = { clock: this.clock, random }
    const keeper = new LeaseKeeper('delivery', holder, { db: this.db, env, report })
    const lease = keeper.current
    const dispatcher = new Dispatcher({ db: this.db, sink, env, report, lease, lanes })
    const run = async () => {
      await keeper.tick()
      await dispatcher.tick()
      await Promise.all([...lanes.lanes].map(untilIdle))
    }
    return { keeper, dispatcher, lanes, metrics, run }
  }

  async consumer(clock?: Clock): Promise<Consumer> {
    const secret = newSecret(random)
    const receiver = await startReceiver({ secrets: [secret], ...(clock && { clock }) })
    this.#t.after(() => receiver.stop())
    const endpoint = await this.endpoint(receiver.url, secret)
    return { endpoint, receiver, secret }
  }

  endpoint(url: string, secret = newSecret(random)): Promise<Endpoint> {
    const id = `ep_${systemRandom.bytes(8).toString('hex')}`
    const endpoint = {
      id,
      environment: ENVIRONMENT,
      url,
      description: '',
      eventTypes: null,
      secret,
    }
    return this.db.transaction().execute((tx) => createEndpoint(tx, endpoint, this.clock.now()))
  }

  async endpointNow({ id }: Endpoint): Promise<Endpoint> {
    const endpoint = await getEndpoint(this.db, ENVIRONMENT, id)
    if (endpoint === null) throw new Error(`no endpoint ${id}`)
    return endpoint
  }

  /** Publishes versions 1 to `versions` of one new deposit and returns the event ids. */
  async deposit(name: string, versions = 1): Promise<string[]> {
    const depositId = `dep_${name}` as const
    await this.#insertDeposit(depositId)
    const ids: string[] = []
    for (let version = 1; version <= versions; version += 1) {
      ids.push(await this.event(depositId, version))
    }
    return ids
  }

  /** What the outbox and its publisher do, without them: a numbered event, fanned out in one transaction. */
  async event(depositId: `dep_${string}`, version: number): Promise<string> {
    this.#events += 1
    const seq = this.#events
    const id = `evt_${depositId.slice(4)}_${version}`
    const type = EVENT_TYPES[(version - 1) % 3] ?? 'deposit.detected'
    const now = this.clock.now()
    const body = JSON.stringify({
      type,
      timestamp: now.toISOString(),
      data: { id: depositId, version },
    })
    const shared = { id, version, type }
    await this.db.transaction().execute(async (tx) => {
      await tx
        .insertInto('event')
        .values({
          ...shared,
          environment_id: ENVIRONMENT,
          chain_id: 'eip155:31337',
          deposit_id: depositId,
          block_hash: Buffer.alloc(32, 1),
          body,
          created_at: now,
          seq,
          published_at: now,
        })
        .execute()
      const event = { ...shared, environment: ENVIRONMENT, depositId }
      await fanOut(tx, ENVIRONMENT, [event], now)
    })
    return id
  }

  /** In the order in which they were fanned out. */
  async deliveries(endpoint: Endpoint): Promise<Delivery[]> {
    const filter = { endpointId: endpoint.id }
    const page = { before: null, limit: 1_000 }
    return (await listDeliveries(this.db, ENVIRONMENT, filter, page)).toReversed()
  }

  async #seed(): Promise<void> {
    const now = this.clock.now()
    await this.db
      .insertInto('environment')
      .values({ id: ENVIRONMENT, kind: 'live', created_at: now })
      .execute()
    await this.db
      .insertInto('deposit_address')
      .values({
        environment_id: ENVIRONMENT,
        chain_id: 'eip155:31337',
        rail: 'anvil/usdt',
        address: Buffer.alloc(20, 1),
        owner: 'customer-1',
        watch_from: null,
        registered_height: 1,
        epoch: 1,
        registered_at: now,
      })
      .execute()
  }

  async #insertDeposit(id: string): Promise<void> {
    const now = this.clock.now()
    const never = { confirmed_at: null, final_at: null, orphaned_at: null, reversed_at: null }
    await this.db
      .insertInto('deposit')
      .values({
        ...never,
        id,
        environment_id: ENVIRONMENT,
        chain_id: 'eip155:31337',
        rail: 'anvil/usdt',
        address_id: 1,
        tx_hash: systemRandom.bytes(32),
        ordinal: 0,
        sender: Buffer.alloc(20, 2),
        recipient: Buffer.alloc(20, 1),
        amount: '1000000',
        state: 'detected',
        version: 1,
        height: 1,
        block_hash: Buffer.alloc(32, 1),
        block_time: now,
        log_index: 0,
        policy_version: 1,
        confirmations: 1,
        needs_finality: false,
        providers: 1,
        witnesses: 1,
        due_height: 1,
        detected_at: now,
        updated_at: now,
      })
      .execute()
  }
}

async function untilIdle(lane: Lane): Promise<void> {
  while ((await lane.tick()).pace === 'busy');
}
