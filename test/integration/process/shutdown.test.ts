import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test, type TestContext } from 'node:test'
import type pg from 'pg'
import { createApp } from '../../../src/app.ts'
import { savePolicy } from '../../../src/confirmation/policy-store.ts'
import { createEndpoint } from '../../../src/delivery/endpoint-store.ts'
import type { AttemptOutcome, Sink } from '../../../src/delivery/sink.ts'
import { TOKEN_ADDRESS, transfer } from '../../../src/dev/token/token.ts'
import { createEnvironment, enableRail } from '../../../src/environment/environment-store.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { systemEnv } from '../../../src/lib/env.ts'
import { registerAddresses } from '../../../src/match/address-store.ts'
import { undiciHttp } from '../../../src/source/index.ts'
import type { Db } from '../../../src/store/database.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { ALICE, tokenNode, TWO_BANDS, UNIT } from '../../support/anvil-world.ts'
import { testDatabase } from '../../support/database.ts'
import { ANVIL, ENVIRONMENT, RAIL } from '../../support/flow-world.ts'
import { cliWith } from '../cli/terminal.ts'

/** Takes attempts and answers when it is told to. */
class HeldSink implements Sink {
  readonly #begun = Promise.withResolvers<void>()
  readonly #answer = Promise.withResolvers<void>()
  readonly begun = this.#begun.promise

  async send(): Promise<AttemptOutcome> {
    const startedAt = systemClock.now()
    this.#begun.resolve()
    await this.#answer.promise
    const nothing = { response: null, error: null, retryAfterMs: null }
    return { kind: 'delivered', startedAt, durationMs: 1, status: 200, ...nothing }
  }

  answer(): void {
    this.#answer.resolve()
  }

  async close(): Promise<void> {}
}

interface Line {
  readonly msg: string
  readonly [key: string]: unknown
}

/** A running daemon, every statement it sends, and every line it logs. */
async function runningDaemon(t: TestContext) {
  const { db, url } = await testDatabase(t)
  const node = await tokenNode(t)
  const sink = new HeldSink()
  const lines: Line[] = []
  const statements: string[] = []
  const write = (text: string) => void lines.push(JSON.parse(text) as Line)
  const config = {
    databaseUrl: url,
    poolSize: 8,
    host: '127.0.0.1',
    port: 0,
    logLevel: 'info',
    webhookAllow: [],
    chains: [
      {
        ...ANVIL,
        providers: [{ name: 'anvil', url: node.url }],
        websocketUrl: null,
        start: 0,
        pollMs: 250,
      },
    ],
  }
  const app = await createApp(config, {
    env: systemEnv,
    log: createLogger({ level: 'info', destination: { write } }),
    http: undiciHttp(),
    sink,
    wrapPool: (pool) => pool.on('connect', (client) => overhear(client, statements)),
  })
  await prepare(db)
  const stopping = new AbortController()
  const running = app.run(stopping.signal)
  t.after(() => {
    sink.answer()
    stopping.abort()
    return running
  })
  const stop = () => {
    stopping.abort(new Error('SIGTERM'))
    return running
  }
  return { app, db, node, sink, lines, statements, stop }
}

function overhear(client: pg.PoolClient, statements: string[]): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown
  const wrapped = (...args: unknown[]) => {
    const [asked] = args
    if (typeof asked === 'string') statements.push(asked.replaceAll(/\s+/g, ' ').trim())
    return query(...args)
  }
  Object.assign(client, { query: wrapped })
}

async function prepare(db: Db): Promise<void> {
  const now = systemClock.now()
  await db.transaction().execute(async (tx) => {
    await createEnvironment(tx, { id: ENVIRONMENT, kind: 'test', now })
    await enableRail(tx, { environment: ENVIRONMENT, rail: RAIL.id, now })
    const change = { policy: TWO_BANDS, author: 'test', reason: 'test', now }
    await savePolicy(tx, { environment: ENVIRONMENT, rail: RAIL, ...change })
    const entries = [{ rail: RAIL.id, address: ALICE, owner: 'alice' }]
    const batch = { environment: ENVIRONMENT, chainId: ANVIL.chain.id, now, entries }
    await registerAddresses(tx, batch)
    const secret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`
    const endpoint = { id: 'ep_held', environment: ENVIRONMENT, url: 'https://held.example/' }
    await createEndpoint(tx, { ...endpoint, description: '', eventTypes: null, secret }, now)
  })
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await systemClock.sleep(20)
}

const isRelease = (statement: string) =>
  statement.startsWith('update lease set expires_at = clock_timestamp() where')
const isRenewal = (statement: string) =>
  statement.startsWith('update lease set expires_at = clock_timestamp() +')
const isWrite = (statement: string) => /^(?:insert|update|delete)\b/i.test(statement)

test('a daemon that stops keeps its leases while it writes, and writes nothing after', async (t) => {
  const { db, node, sink, lines, statements, stop } = await runningDaemon(t)
  await transfer(node.url, { token: TOKEN_ADDRESS, to: ALICE, amount: 10n * UNIT })
  await sink.begun
  const stopped = stop()
  await until(() => lines.some(({ msg }) => msg === 'stopping'))
  const before = statements.length
  await until(() => statements.slice(before).filter(isRenewal).length >= 6)
  sink.answer()
  await stopped

  const attempts = await db.selectFrom('attempt').select('outcome').execute()
  assert.equal(attempts.length, 1, 'the attempt under way was recorded')
  const released = statements.findIndex(isRelease)
  assert.equal(statements.filter(isRelease).length, 3, 'chain, publisher and delivery')
  assert.deepEqual(
    statements.slice(released).filter((statement) => isWrite(statement) && !isRelease(statement)),
    [],
  )
  const leases = await db.selectFrom('lease').selectAll().execute()
  assert.ok(leases.every(({ expires_at }) => expires_at <= systemClock.now()))
})

test('the log says where the daemon listens, that it stops and how long that took', async (t) => {
  const { app, lines, sink, stop } = await runningDaemon(t)
  sink.answer()
  await until(() => lines.some(({ msg }) => msg === 'listening'))
  const listening = lines.find(({ msg }) => msg === 'listening')
  const port = Number(new URL(app.server.listeningOrigin).port)
  assert.deepEqual(
    [listening?.['host'], listening?.['port'], listening?.['chains']],
    ['127.0.0.1', port, ['anvil']],
  )
  assert.match(String(listening?.['version']), /^\d+\.\d+\.\d+/)
  await stop()
  const [stopping, stopped, ...others] = lines.filter(({ msg }) => msg.startsWith('stop'))
  assert.deepEqual([stopping?.msg, stopping?.['reason']], ['stopping', 'SIGTERM'])
  assert.equal(stopped?.msg, 'stopped')
  assert.ok(Number.isInteger(stopped?.['durationMs']))
  assert.deepEqual(others, [])
})

test('a port in use ends the daemon with a remedy, and nothing stays open', async (t) => {
  const { url } = await testDatabase(t)
  const taken = createServer().listen(0, '127.0.0.1')
  t.after(() => taken.close())
  await once(taken, 'listening')
  const address = taken.address()
  assert.ok(typeof address === 'object' && address !== null)
  const serve = cliWith({
    DATABASE_URL: url,
    SETTLED_PORT: `${address.port}`,
    SETTLED_LOG_LEVEL: 'silent',
  })
  const { code, err } = await serve('serve')
  assert.equal(code, 1)
  assert.match(err, /^error: .*EADDRINUSE.*another program listens there; set SETTLED_PORT\n$/)
})
