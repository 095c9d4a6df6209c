import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { createApp } from '../app.ts'
import type { ChainConfig } from '../config/config.ts'
import { savePolicy } from '../confirmation/policy-store.ts'
import { createApiKey } from '../environment/api-key-store.ts'
import { createEnvironment, enableRail } from '../environment/environment-store.ts'
import type { Env } from '../lib/env.ts'
import { undiciHttp } from '../source/index.ts'
import { openDatabase, type Db, type Tx } from '../store/database.ts'
import { migrate } from '../store/migrate.ts'
import type { Logger } from '../telemetry/logger.ts'
import { ApiClient } from './api-client.ts'
import { startEthereum } from './network/ethereum.ts'
import type { Network, NetworkOptions } from './network/network.ts'
import { startTron } from './network/tron.ts'
import { startPostgres } from './postgres.ts'
import { startReceiver, type Receiver } from './receiver.ts'

export interface StackOptions {
  readonly env: Env
  readonly log: Logger
  readonly network: NetworkOptions
  /** A database of one's own, empty or migrated; without it PostgreSQL is started beside the daemon. */
  readonly databaseUrl?: string
  /** The API's port; 0 takes a free one. */
  readonly port: number
}

/** A whole settled on one machine: PostgreSQL, a chain of each family, the daemon and a verifying receiver. */
export interface Stack {
  readonly environment: string
  readonly networks: readonly Network[]
  readonly databaseUrl: string
  readonly api: ApiClient
  readonly receiver: Receiver
  readonly secret: string
  /** Ends everything, in reverse order of its start; the daemon's log names the reason. */
  stop(reason?: unknown): Promise<void>
}

/** Ends one part of the stack. */
type Stop = (reason: unknown) => Promise<unknown>

const ENVIRONMENT = 'acme-test'
/** Blocks come every second, or when the demo makes one; nobody bills these looks. */
const POLL_MS = 250
const LOOPBACK = ['127.0.0.0/8', '::1/128']

export async function startStack(options: StackOptions): Promise<Stack> {
  const stops: Stop[] = []
  const stop = async (reason: unknown = new Error('the stack is stopped')): Promise<void> => {
    const failures: unknown[] = []
    // One that fails must not leave the others running.
    for (const end of stops.splice(0).toReversed())
      await end(reason).catch((error) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }
  try {
    return { ...(await assemble(options, stops)), stop }
  } catch (error) {
    await stop().catch(() => undefined)
    throw error
  }
}

async function assemble(options: StackOptions, stops: Stop[]): Promise<Omit<Stack, 'stop'>> {
  const databaseUrl = options.databaseUrl ?? (await ownDatabase(stops))
  const networks = await startNetworks(options, stops)
  const apiKey = await prepareDatabase(databaseUrl, networks, options.env)
  const api = new ApiClient(await runDaemon({ options, databaseUrl, networks }, stops), apiKey)

  const receiver = await startReceiver({ secrets: [] })
  stops.push(() => receiver.stop())
  const { secret } = await api.createEndpoint(receiver.url)
  receiver.trust([secret])
  return { environment: ENVIRONMENT, networks, databaseUrl, api, receiver, secret }
}

async function startNetworks({ env, network }: StackOptions, stops: Stop[]): Promise<Network[]> {
  const started = [startEthereum(network), startTron(network, env)]
  // One that fails to start must not leave the other running.
  for (const one of started) {
    stops.push(() =>
      one.then(
        (running) => running.stop(),
        () => undefined,
      ),
    )
  }
  return Promise.all(started)
}

async function ownDatabase(stops: Stop[]): Promise<string> {
  // Not under the user's own temporary directory: as root, PostgreSQL runs as somebody who could not enter it.
  const directory = await mkdtemp(path.join('/var/tmp', 'settled-'))
  stops.push(() => rm(directory, { recursive: true, force: true }))
  const postgres = await startPostgres({ directory, durable: false })
  stops.push(() => postgres.stop())
  return postgres.url
}

/** Migrates, and creates the environment with every rail enabled and a key. Returns the key. */
async function prepareDatabase(
  url: string,
  networks: readonly Network[],
  env: Env,
): Promise<string> {
  const db: Db = openDatabase({ url, poolSize: 2, applicationName: 'settled-dev' })
  try {
    await migrate(db)
    return await db.transaction().execute(async (tx) => {
      const now = env.clock.now()
      const environment = await createEnvironment(tx, { id: ENVIRONMENT, kind: 'test', now })
      for (const { facts } of networks) await enableRails(tx, facts, now)
      const { key } = await createApiKey(tx, { environment, name: 'dev', env })
      return key
    })
  } finally {
    await db.destroy()
  }
}

async function enableRails(tx: Tx, { rails }: Network['facts'], now: Date): Promise<void> {
  const environment = ENVIRONMENT
  for (const { rail, defaultPolicy: policy } of rails) {
    await enableRail(tx, { environment, rail: rail.id, now })
    const reason = `the default of chains/${rail.id}.yaml`
    await savePolicy(tx, { environment, rail, policy, author: 'dev', reason, now })
  }
}

interface DaemonParts {
  readonly options: StackOptions
  readonly databaseUrl: string
  readonly networks: readonly Network[]
}

/** Returns the API's URL once it listens. */
async function runDaemon(
  { options, databaseUrl, networks }: DaemonParts,
  stops: Stop[],
): Promise<string> {
  const app = await createApp(
    {
      databaseUrl,
      poolSize: 20,
      host: '127.0.0.1',
      port: options.port,
      logLevel: options.log.level,
      webhookAllow: LOOPBACK,
      chains: networks.map(watched),
    },
    { env: options.env, log: options.log, http: undiciHttp() },
  )
  const stopping = new AbortController()
  const listening = Promise.withResolvers<void>()
  app.server.addHook('onListen', async () => listening.resolve())
  const running = app.run(stopping.signal)
  stops.push((reason) => {
    stopping.abort(reason)
    return running
  })
  await Promise.race([listening.promise, running])
  return app.server.listeningOrigin
}

function watched({ facts, settings }: Network): ChainConfig {
  return { ...facts, ...settings, start: 0, pollMs: POLL_MS }
}
