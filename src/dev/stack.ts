import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { createApp } from '../app.ts'
import { loadChain } from '../config/chain-files.ts'
import type { Config, RailConfig } from '../config/config.ts'
import { savePolicy } from '../confirmation/policy-store.ts'
import { createApiKey } from '../environment/api-key-store.ts'
import { createEnvironment, enableRail } from '../environment/environment-store.ts'
import { required } from '../lib/assert.ts'
import type { Env } from '../lib/env.ts'
import { undiciHttp } from '../source/index.ts'
import { openDatabase, type Db } from '../store/database.ts'
import { migrate } from '../store/migrate.ts'
import type { Logger } from '../telemetry/logger.ts'
import { startAnvil, type Anvil, type AnvilOptions } from './anvil.ts'
import { ApiClient } from './api-client.ts'
import { startPostgres } from './postgres.ts'
import { startReceiver, type Receiver } from './receiver.ts'
import { deployToken } from './token/token.ts'

export interface StackOptions {
  readonly env: Env
  readonly log: Logger
  readonly anvil: AnvilOptions
  /** A database of one's own, empty or migrated; without it PostgreSQL is started beside the daemon. */
  readonly databaseUrl?: string
  /** The API's port; 0 takes a free one. */
  readonly port: number
}

/** A whole settled on one machine: PostgreSQL, Anvil with the token, the daemon and a verifying receiver. */
export interface Stack {
  readonly environment: string
  readonly rail: RailConfig
  readonly databaseUrl: string
  readonly anvil: Anvil
  readonly api: ApiClient
  readonly receiver: Receiver
  readonly secret: string
  /** Ends everything, in reverse order of its start. */
  stop(): Promise<void>
}

const ENVIRONMENT = 'acme-test'
const LOOPBACK = ['127.0.0.0/8', '::1/128']

export async function startStack(options: StackOptions): Promise<Stack> {
  const stops: (() => Promise<unknown>)[] = []
  const stop = async (): Promise<void> => {
    const failures: unknown[] = []
    // One that fails must not leave the others running.
    for (const end of stops.splice(0).toReversed())
      await end().catch((error) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }
  try {
    return { ...(await assemble(options, stops)), stop }
  } catch (error) {
    await stop().catch(() => undefined)
    throw error
  }
}

async function assemble(
  options: StackOptions,
  stops: (() => Promise<unknown>)[],
): Promise<Omit<Stack, 'stop'>> {
  const databaseUrl = options.databaseUrl ?? (await ownDatabase(stops))
  const anvil = await startAnvil(options.anvil)
  stops.push(() => anvil.stop())
  await deployToken(anvil.url)

  const { chain, rails } = loadChain('anvil')
  const rail = required(rails[0], 'chains/anvil has a rail')
  const apiKey = await prepareDatabase(databaseUrl, rail, options.env)
  const apiUrl = await runDaemon({ options, databaseUrl, chain, rails, anvil }, stops)
  const api = new ApiClient(apiUrl, apiKey)

  const receiver = await startReceiver({ secrets: [] })
  stops.push(() => receiver.stop())
  const endpoint = await api.createEndpoint(receiver.url)
  receiver.trust([endpoint.secret])
  return {
    environment: ENVIRONMENT,
    rail,
    databaseUrl,
    anvil,
    api,
    receiver,
    secret: endpoint.secret,
  }
}

async function ownDatabase(stops: (() => Promise<unknown>)[]): Promise<string> {
  // Not under the user's own temporary directory: as root, PostgreSQL runs as somebody who could not enter it.
  const directory = await mkdtemp(path.join('/var/tmp', 'settled-'))
  stops.push(() => rm(directory, { recursive: true, force: true }))
  const postgres = await startPostgres({ directory, durable: false })
  stops.push(() => postgres.stop())
  return postgres.url
}

/** Migrates, and creates the environment with the rail enabled and a key. Returns the key. */
async function prepareDatabase(
  url: string,
  { rail, defaultPolicy }: RailConfig,
  env: Env,
): Promise<string> {
  const db: Db = openDatabase({ url, poolSize: 2, applicationName: 'settled-dev' })
  try {
    await migrate(db)
    const now = env.clock.now()
    return await db.transaction().execute(async (tx) => {
      const environment = await createEnvironment(tx, { id: ENVIRONMENT, kind: 'test', now })
      await enableRail(tx, { environment: ENVIRONMENT, rail: rail.id, now })
      const reason = `the default of chains/${rail.id}.yaml`
      await savePolicy(tx, {
        environment: ENVIRONMENT,
        rail,
        policy: defaultPolicy,
        author: 'dev',
        reason,
        now,
      })
      const { key } = await createApiKey(tx, { environment, name: 'dev', env })
      return key
    })
  } finally {
    await db.destroy()
  }
}

interface DaemonParts extends Pick<Config, 'databaseUrl'> {
  readonly options: StackOptions
  readonly chain: Config['chains'][number]['chain']
  readonly rails: readonly RailConfig[]
  readonly anvil: Anvil
}

/** Returns the API's URL once it listens. */
async function runDaemon(parts: DaemonParts, stops: (() => Promise<unknown>)[]): Promise<string> {
  const { options, databaseUrl, chain, rails, anvil } = parts
  const app = await createApp(
    {
      databaseUrl,
      poolSize: 20,
      host: '127.0.0.1',
      port: options.port,
      logLevel: options.log.level,
      webhookAllow: LOOPBACK,
      chains: [
        {
          chain,
          rails,
          providers: [{ name: 'anvil', url: anvil.url }],
          websocketUrl: anvil.wsUrl,
          start: 0,
          pollMs: 250,
        },
      ],
    },
    { env: options.env, log: options.log, http: undiciHttp() },
  )
  const stopping = new AbortController()
  const listening = Promise.withResolvers<void>()
  app.server.addHook('onListen', async () => listening.resolve())
  const running = app.run(stopping.signal)
  stops.push(() => {
    stopping.abort()
    return running
  })
  await Promise.race([listening.promise, running])
  return app.server.listeningOrigin
}
