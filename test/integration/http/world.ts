import type { TestContext } from 'node:test'
import { getAddress, isAddress } from 'viem'
import type { Codec } from '../../../src/domain/chain.ts'
import { AppError } from '../../../src/domain/error.ts'
import { createApiKey } from '../../../src/environment/api-key-store.ts'
import { createEnvironment, enableRail } from '../../../src/environment/environment-store.ts'
import type { ChainConfig, RailConfig } from '../../../src/config/config.ts'
import type { App, ServerDeps } from '../../../src/http/deps.ts'
import type { Readiness } from '../../../src/http/readiness.ts'
import { createServer } from '../../../src/http/server.ts'
import type { Env } from '../../../src/lib/env.ts'
import { isHex, toBytes, type Hex } from '../../../src/lib/hex.ts'
import { systemRandom } from '../../../src/lib/random.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import type { Db } from '../../../src/store/database.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { testDatabase } from '../../support/database.ts'

/** Two environments on one daemon: acme has enabled the first two rails, globex the first. */
export interface World {
  readonly db: Db
  readonly app: App
  readonly metrics: Metrics
  readonly acme: string
  readonly globex: string
  readonly logged: string[]
  readiness: Readiness
  now: Date
  /** A request as acme, or as whom `key` says; parsed JSON comes back. */
  call(method: Method, url: string, options?: CallOptions): Promise<Answer>
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

export interface CallOptions {
  readonly key?: string
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

export interface Answer {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly text: string
  /** Untyped on purpose: a test reads whatever JSON there is. */
  readonly json: ReturnType<typeof JSON.parse>
}

export const ETHEREUM = 'eip155:1'
export const POLYGON = 'eip155:137'
export const USDT = 'ethereum/usdt'
export const POLYGON_USDT = 'polygon/usdt'
/** Configured, and enabled by nobody. */
export const USDC = 'ethereum/usdc'

/** Vitalik's and the zero-ish addresses of EIP-55's own test vectors. */
export const ALICE = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'
export const BOB = '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359'

const codec: Codec = {
  parseAddress(text) {
    if (!isAddress(text)) throw new AppError('invalid_address', `"${text}" fails its checksum`)
    return text.toLowerCase() as Hex
  },
  formatAddress: (address) => getAddress(address),
  parseHash(text) {
    if (!isHex(text) || text.length !== 66) {
      throw new AppError('invalid_request', `"${text}" is not a hash`)
    }
    return text
  },
  formatHash: (hash) => hash,
}

export async function createWorld(t: TestContext, more: Partial<ServerDeps> = {}): Promise<World> {
  const { db } = await testDatabase(t)
  const logged: string[] = []
  const metrics = new Metrics()
  const world = {
    db,
    logged,
    readiness: { ready: true, healthy: true, database: null, chains: [] } as Readiness,
    now: new Date('2026-03-01T12:00:00.000Z'),
  }
  const env: Env = { clock: { ...systemClock, now: () => world.now }, random: systemRandom }
  const app = await createServer({
    db,
    env,
    chains: [
      chainConfig('ethereum', ETHEREUM, ['usdt', 'usdc']),
      chainConfig('polygon', POLYGON, ['usdt']),
    ],
    codecs: () => codec,
    metrics,
    log: createLogger({
      level: 'info',
      destination: { write: (line) => void logged.push(line) },
    }),
    webhookAllow: ['127.0.0.0/8'],
    readiness: async () => world.readiness,
    heads: () => null,
    ...more,
  })
  t.after(() => app.close())
  const acme = await environment(db, env, 'acme-live', [USDT, POLYGON_USDT])
  const globex = await environment(db, env, 'globex-live', [USDT])

  async function call(method: Method, url: string, options: CallOptions = {}): Promise<Answer> {
    const { key = acme, body, headers = {} } = options
    const response = await app.inject({
      method,
      url,
      headers: { ...(key === '' ? {} : { authorization: `Bearer ${key}` }), ...headers },
      ...(body === undefined ? {} : { payload: body as object }),
    })
    const json = response.headers['content-type']?.includes('json') ? parse(response.body) : null
    return { status: response.statusCode, headers: response.headers, text: response.body, json }
  }
  return Object.assign(world, { app, metrics, acme, globex, call })
}

function parse(text: string): unknown {
  return text === '' ? null : JSON.parse(text.split('\n')[0] ?? '')
}

async function environment(db: Db, env: Env, id: string, rails: string[]): Promise<string> {
  const now = env.clock.now()
  const created = await createEnvironment(db, { id, kind: 'live', now })
  return db.transaction().execute(async (tx) => {
    for (const rail of rails) await enableRail(tx, { environment: id, rail, now })
    const { key } = await createApiKey(tx, { environment: created, name: 'test', env })
    return key
  })
}

function chainConfig(slug: string, id: string, assets: string[]): ChainConfig {
  const rails = assets.map((asset): RailConfig => {
    const contract: Hex = `0x${'cc'.repeat(20)}`
    return {
      rail: {
        id: `${slug}/${asset}`,
        chainId: id,
        asset,
        symbol: asset.toUpperCase(),
        assetId: `${id}/erc20:${contract}`,
        contract,
        decimals: 6,
        minimumAmount: 1n,
      },
      defaultPolicy: {
        minimumAmount: 1n,
        bands: [{ upTo: null, rule: { confirmations: 3, finality: false }, providers: 1 }],
        onFinalityStall: 'hold',
      },
    }
  })
  return {
    chain: {
      id,
      slug,
      name: slug,
      family: 'evm',
      blockTimeSeconds: 12,
      finality: { kind: 'finalized' },
      reorgWindow: 64,
    },
    rails,
    providers: [],
    websocketUrl: null,
    start: 'finalized',
    pollMs: 1_000,
  }
}

/** What tells the daemons of a chain that there are new addresses, at their next block. */
export async function epochs(db: Db): Promise<string[]> {
  const rows = await db.selectFrom('address_epoch').selectAll().orderBy('chain_id').execute()
  return rows.map(({ chain_id, epoch }) => `${chain_id} at ${epoch}`)
}

/** Puts the chain's tip where a test needs it, as the chain's writer would. */
export async function setTip(db: Db, chainId: string, height: number, start = 0): Promise<void> {
  const row = {
    height,
    hash: toBytes(hash(height)),
    block_time: new Date(0),
    start_height: start,
    finalized_height: null,
    finalized_hash: null,
    updated_at: new Date(0),
    halted_at: null,
    halt: null,
  }
  await db
    .insertInto('chain_cursor')
    .values({ chain_id: chainId, ...row })
    .onConflict((conflict) => conflict.column('chain_id').doUpdateSet(row))
    .execute()
}

/** A hash a person can tell from another. */
export function hash(n: number): Hex {
  return `0x${n.toString(16).padStart(64, '0')}`
}
