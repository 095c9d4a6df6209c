import type { TestContext } from 'node:test'
import { createApp, type App } from '../../../src/app.ts'
import type { ChainConfig, Config } from '../../../src/config/config.ts'
import { savePolicy } from '../../../src/confirmation/policy-store.ts'
import type { Lane } from '../../../src/delivery/lane.ts'
import type { AttemptOutcome, Sink } from '../../../src/delivery/sink.ts'
import type { Address, RailId } from '../../../src/domain/chain.ts'
import type { Policy } from '../../../src/domain/policy.ts'
import { createApiKey } from '../../../src/environment/api-key-store.ts'
import { createEnvironment, enableRail } from '../../../src/environment/environment-store.ts'
import { systemEnv } from '../../../src/lib/env.ts'
import { required } from '../../../src/lib/assert.ts'
import { registerAddresses } from '../../../src/match/address-store.ts'
import { undiciHttp } from '../../../src/source/index.ts'
import type { Db } from '../../../src/store/database.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { ANVIL } from '../../support/flow-world.ts'
import { DEVNET } from '../../support/devnet-chain.ts'
import { testDatabase } from '../../support/database.ts'
import { settle } from '../../support/settle.ts'
import { cliWith, type Cli } from '../cli/terminal.ts'

export const UNIT = 1_000_000n
export const ANVIL_USDT = 'anvil/usdt'
export const DEVNET_USDT = 'tron-devnet/usdt'
export const ACME = 'acme-test'
export const GLOBEX = 'globex-test'

/** Two confirmations up to 100 units, three and finality above; nothing below one unit. */
export const POLICY: Policy = {
  minimumAmount: UNIT,
  bands: [
    { upTo: 100n * UNIT, rule: { confirmations: 2, finality: false }, providers: 1 },
    { upTo: null, rule: { confirmations: 3, finality: true }, providers: 1 },
  ],
  onFinalityStall: 'hold',
}

/** As the API answers. Untyped where a test reads whatever there is. */
export interface Told {
  readonly chain: string
  readonly environment: string | null
  readonly rail: string | null
  readonly address: string | null
  readonly deposit: string | null
  readonly state: string | null
  readonly verdict: string
  readonly reason: string | null
  readonly checks: readonly ToldCheck[]
}

export interface ToldCheck {
  readonly check: string
  readonly level: string
  readonly detail: string
  readonly evidence: readonly string[]
  readonly reason: string | null
  readonly remedy: string | null
}

export interface ExplainWorld {
  readonly app: App
  readonly db: Db
  readonly url: string
  /** What the next attempts at every endpoint come to. */
  answer: Partial<AttemptOutcome>
  readonly register: (
    environment: string,
    rail: RailId,
    address: Address,
    watchFrom?: number,
  ) => Promise<void>
  readonly setPolicy: (environment: string, rail: RailId, policy: Policy) => Promise<void>
  /** Lets the daemon do all there is to do: leases, chains, feed and webhooks. */
  readonly settle: () => Promise<void>
  /** The leases alone: a slow test outlives them. */
  readonly renew: () => Promise<void>
  /** The API's answer, as acme or as who is named. */
  readonly ask: (subject: string, options?: { query?: string; as?: string }) => Promise<Told[]>
  readonly get: (
    url: string,
    as?: string,
  ) => Promise<{ status: number; json: ReturnType<typeof JSON.parse> }>
  readonly cli: Cli
}

export interface Watched {
  readonly config: ChainConfig
  readonly variables: NodeJS.ProcessEnv
}

export function anvilChain(url: string, secondUrl?: string): Watched {
  const providers = [{ name: 'anvil', url }]
  if (secondUrl !== undefined) providers.push({ name: 'second', url: secondUrl })
  return {
    config: { ...ANVIL, providers, websocketUrl: null, start: 0, pollMs: 250 },
    variables: {
      SETTLED_ANVIL_RPC_URLS: providers.map((it) => `${it.name}=${it.url}`).join(','),
      SETTLED_ANVIL_START: '0',
    },
  }
}

interface DevnetProvider {
  readonly fullUrl: string
  readonly solidityUrl: string
}

export function devnetChain(
  { fullUrl, solidityUrl }: DevnetProvider,
  { apiKey }: { readonly apiKey?: string } = {},
): Watched {
  const key = apiKey === undefined ? {} : { apiKey }
  const providers = [{ name: 'devnet', url: fullUrl, solidityUrl, ...key }]
  return {
    config: { ...DEVNET, providers, websocketUrl: null, start: 0, pollMs: 250 },
    variables: {
      SETTLED_TRON_DEVNET_RPC_URLS: `devnet=${fullUrl}`,
      SETTLED_TRON_DEVNET_DEVNET_SOLIDITY_URL: solidityUrl,
      SETTLED_TRON_DEVNET_START: '0',
      ...(apiKey === undefined ? {} : { SETTLED_TRON_DEVNET_DEVNET_API_KEY: apiKey }),
    },
  }
}

/** A whole daemon, driven by hand, with two environments that have enabled every rail of its chains. */
export async function explainWorld(
  t: TestContext,
  watched: readonly Watched[],
): Promise<ExplainWorld> {
  const { db, url } = await testDatabase(t)
  const keys = await createEnvironments(db, watched)
  const state = { answer: {} as Partial<AttemptOutcome> }
  const lanes = new Set<Lane>()
  const app = await createApp(configOf(url, watched), {
    env: systemEnv,
    log: createLogger({ level: 'silent' }),
    http: undiciHttp(),
    sink: sinkOf(state),
    lanes: {
      start: (lane) => void lanes.add(lane),
      stop: (lane) => void lanes.delete(lane),
      close: async () => lanes.clear(),
    },
  })
  // Aborted before it starts, running is stopping in order.
  t.after(() => app.run(AbortSignal.abort()))
  const get: ExplainWorld['get'] = async (path, as = ACME) => {
    const authorization = `Bearer ${required(keys.get(as), `${as} has a key`)}`
    const response = await app.server.inject({ url: path, headers: { authorization } })
    return { status: response.statusCode, json: JSON.parse(response.body) }
  }
  const renew = async () => {
    for (const actor of app.actors) if (actor.name.startsWith('lease')) await actor.tick()
  }
  const world: Omit<ExplainWorld, 'answer'> = {
    app,
    db,
    url,
    register: (environment, rail, address, watchFrom) =>
      register(db, { environment, rail, address, watchFrom }, watched),
    setPolicy: (environment, rail, policy) =>
      setPolicy(db, environment, { id: rail, watched }, policy),
    settle: () => settle(app, lanes),
    renew,
    get,
    async ask(subject, { query = '', as = ACME } = {}) {
      await renew()
      const { status, json } = await get(`/v1/explain/${subject}${query}`, as)
      if (status !== 200) throw new Error(`${status}: ${JSON.stringify(json)}`)
      return json.data as Told[]
    },
    cli: cliWith({
      DATABASE_URL: url,
      USER: 'ada',
      SETTLED_CHAINS: watched.map(({ config }) => config.chain.slug).join(','),
      ...Object.assign({}, ...watched.map(({ variables }) => variables)),
    }),
  }
  return Object.assign(state, world) as ExplainWorld
}

/** The one explanation there is. */
export function only(told: readonly Told[]): Told {
  if (told.length !== 1) throw new Error(`${told.length} explanations: ${JSON.stringify(told)}`)
  return required(told[0], 'there is one')
}

export function line(told: Told, check: string): ToldCheck {
  const found = told.checks.find((it) => it.check === check)
  return required(found, `no line ${check} in ${JSON.stringify(told.checks)}`)
}

/** The command that a remedy names, split as a shell splits it. */
export function suggested(check: ToldCheck | undefined): string[] {
  const command = /settled ([a-z]+ .*)$/.exec(check?.remedy ?? '')?.[1] ?? ''
  const words = [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)]
  return words.map(([, double, single, bare]) => double ?? single ?? bare ?? '')
}

/** `found ok, outcome stopped`: the checklist without its words. */
export function outline({ checks }: Told): string {
  return checks.map(({ check, level }) => `${check} ${level}`).join(', ')
}

async function createEnvironments(
  db: Db,
  watched: readonly Watched[],
): Promise<ReadonlyMap<string, string>> {
  const now = new Date()
  const keys = new Map<string, string>()
  for (const id of [ACME, GLOBEX]) {
    const environment = await createEnvironment(db, { id, kind: 'test', now })
    await db.transaction().execute(async (tx) => {
      for (const { config } of watched) {
        for (const { rail } of config.rails) {
          await enableRail(tx, { environment: id, rail: rail.id, now })
        }
      }
      const { key } = await createApiKey(tx, { environment, name: 'test', env: systemEnv })
      keys.set(id, key)
    })
    for (const { config } of watched) {
      for (const { rail } of config.rails) {
        await setPolicy(db, id, { id: rail.id, watched }, POLICY)
      }
    }
  }
  return keys
}

async function setPolicy(
  db: Db,
  environment: string,
  { id, watched }: { readonly id: RailId; readonly watched: readonly Watched[] },
  policy: Policy,
): Promise<void> {
  const rails = watched.flatMap(({ config }) => config.rails.map(({ rail }) => rail))
  const rail = required(
    rails.find((it) => it.id === id),
    `${id} is watched`,
  )
  const change = { environment, rail, policy, author: 'test', reason: 'test', now: new Date() }
  await db.transaction().execute((tx) => savePolicy(tx, change))
}

interface Registered {
  readonly environment: string
  readonly rail: RailId
  readonly address: Address
  readonly watchFrom: number | undefined
}

async function register(
  db: Db,
  { environment, rail, address, watchFrom }: Registered,
  watched: readonly Watched[],
): Promise<void> {
  const chainId = required(
    watched.find(({ config }) => config.rails.some((it) => it.rail.id === rail)),
    `${rail} is watched`,
  ).config.chain.id
  const entry = { rail, address, owner: 'customer 17', watchFrom: watchFrom ?? null }
  const batch = { environment, chainId, now: new Date(), entries: [entry] }
  await db.transaction().execute((tx) => registerAddresses(tx, batch))
}

function configOf(databaseUrl: string, watched: readonly Watched[]): Config {
  return {
    databaseUrl,
    poolSize: 10,
    host: '127.0.0.1',
    port: 0,
    logLevel: 'silent',
    webhookAllow: ['127.0.0.0/8'],
    chains: watched.map(({ config }) => config),
  }
}

function sinkOf(state: { readonly answer: Partial<AttemptOutcome> }): Sink {
  return {
    send: async () => ({
      kind: 'delivered',
      startedAt: new Date(),
      durationMs: 1,
      status: 200,
      response: null,
      error: null,
      retryAfterMs: null,
      ...state.answer,
    }),
    close: async () => undefined,
  }
}
