import type { TestContext } from 'node:test'
import { createApp, type App } from '../../../src/app.ts'
import { savePolicy } from '../../../src/confirmation/policy-store.ts'
import { createEndpoint } from '../../../src/delivery/endpoint-store.ts'
import type { Lane } from '../../../src/delivery/lane.ts'
import { newSecret } from '../../../src/delivery/signature.ts'
import { WebhookSink } from '../../../src/delivery/sinks/webhook.ts'
import { startReceiver, type Receiver } from '../../../src/dev/receiver.ts'
import { TOKEN_ADDRESS, transfer } from '../../../src/dev/token/token.ts'
import type { Address } from '../../../src/domain/chain.ts'
import { createEnvironment, enableRail } from '../../../src/environment/environment-store.ts'
import { systemClock, type Clock } from '../../../src/lib/clock.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { systemRandom } from '../../../src/lib/random.ts'
import { registerAddresses } from '../../../src/match/address-store.ts'
import { undiciHttp } from '../../../src/source/index.ts'
import type { Db } from '../../../src/store/database.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { tokenNode, TWO_BANDS } from '../../support/anvil-world.ts'
import { testDatabase } from '../../support/database.ts'
import { settle } from '../../support/settle.ts'
import { ANVIL, ENVIRONMENT, RAIL } from '../../support/flow-world.ts'
import { cliWith, type Cli } from '../cli/terminal.ts'
import { ManualClock } from '../delivery/manual-clock.ts'

const HOUR = 3_600_000
export const DAY_MS = 24 * HOUR
const LOOPBACK = ['127.0.0.0/8']
/** No jitter, so that every retry has its time. */
const random = { bytes: (count: number) => systemRandom.bytes(count), fraction: () => 0 }

export interface Consumer {
  readonly id: string
  readonly receiver: Receiver
}

/** A whole daemon on a real Anvil with real webhooks, driven by hand, in a time that passes only when told. */
export interface TreasuryWorld {
  readonly db: Db
  readonly url: string
  readonly clock: ManualClock
  /** The name of the day in which it begins, at noon, or of another one. */
  readonly day: (offset: number) => string
  readonly pay: (to: Address, amount: bigint) => Promise<Hex>
  /** Lets the daemon do all there is to do, a second later. */
  readonly settle: () => Promise<void>
  readonly consumer: () => Promise<Consumer>
  readonly cli: Cli
}

export async function treasuryWorld(
  t: TestContext,
  addresses: readonly Address[],
): Promise<TreasuryWorld> {
  const anvil = await tokenNode(t, { slotsInAnEpoch: 10 })
  const { db, url } = await testDatabase(t)
  await prepare(db, addresses)
  const manual = new ManualClock(t)
  // From noon on, so that no midnight passes unless a test wants it to.
  const noon = Math.ceil(Date.now() / DAY_MS) * DAY_MS + 12 * HOUR
  manual.advance(noon - Date.now())
  const clock: Clock = { ...systemClock, now: () => manual.now() }
  const lanes = new Set<Lane>()
  const app = await openApp(t, { databaseUrl: url, nodeUrl: anvil.url, clock, lanes })
  return {
    db,
    url: anvil.url,
    clock: manual,
    day: (offset) => new Date(noon + offset * DAY_MS).toISOString().slice(0, 10),
    pay: (to, amount) => transfer(anvil.url, { token: TOKEN_ADDRESS, to, amount }),
    settle: async () => {
      manual.advance(1_000)
      await settle(app, lanes)
    },
    consumer: () => openConsumer(t, db, clock),
    cli: cliWith(
      {
        DATABASE_URL: url,
        USER: 'ada',
        SETTLED_CHAINS: ANVIL.chain.slug,
        SETTLED_ANVIL_RPC_URLS: `anvil=${anvil.url}`,
        SETTLED_ANVIL_START: '0',
      },
      () => clock.now(),
    ),
  }
}

async function prepare(db: Db, addresses: readonly Address[]): Promise<void> {
  const now = new Date()
  await createEnvironment(db, { id: ENVIRONMENT, kind: 'test', now })
  await db.transaction().execute(async (tx) => {
    await enableRail(tx, { environment: ENVIRONMENT, rail: RAIL.id, now })
    const words = { author: 'test', reason: 'test' }
    await savePolicy(tx, { environment: ENVIRONMENT, rail: RAIL, policy: TWO_BANDS, ...words, now })
    const entries = addresses.map((address) => ({ rail: RAIL.id, address, owner: 'customer 17' }))
    const batch = { environment: ENVIRONMENT, chainId: ANVIL.chain.id, now, entries }
    await registerAddresses(tx, batch)
  })
}

interface AppOptions {
  readonly databaseUrl: string
  readonly nodeUrl: string
  readonly clock: Clock
  readonly lanes: Set<Lane>
}

async function openApp(
  t: TestContext,
  { databaseUrl, nodeUrl, clock, lanes }: AppOptions,
): Promise<App> {
  const providers = [{ name: 'anvil', url: nodeUrl }]
  const config = {
    databaseUrl,
    poolSize: 10,
    host: '127.0.0.1',
    port: 0,
    logLevel: 'silent' as const,
    webhookAllow: LOOPBACK,
    chains: [{ ...ANVIL, providers, websocketUrl: null, start: 0, pollMs: 250 }],
  }
  const app = await createApp(config, {
    env: { clock, random },
    log: createLogger({ level: 'silent' }),
    http: undiciHttp(),
    sink: new WebhookSink(clock, LOOPBACK),
    lanes: {
      start: (lane) => void lanes.add(lane),
      stop: (lane) => void lanes.delete(lane),
      close: async () => lanes.clear(),
    },
  })
  // Aborted before it starts, running is stopping in order.
  t.after(() => app.run(AbortSignal.abort()))
  return app
}

async function openConsumer(t: TestContext, db: Db, clock: Clock): Promise<Consumer> {
  const secret = newSecret(random)
  const receiver = await startReceiver({ secrets: [secret] })
  t.after(() => receiver.stop())
  const id = `ep_${random.bytes(8).toString('hex')}`
  const shared = { id, environment: ENVIRONMENT, description: '', eventTypes: null }
  const endpoint = { ...shared, url: receiver.url, secret }
  await db.transaction().execute((tx) => createEndpoint(tx, endpoint, clock.now()))
  return { id, receiver }
}
