import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { createApp, type App } from '../../../src/app.ts'
import { startPostgres, type Postgres } from '../../../src/dev/postgres.ts'
import { createApiKey } from '../../../src/environment/api-key-store.ts'
import { createEnvironment } from '../../../src/environment/environment-store.ts'
import { systemEnv } from '../../../src/lib/env.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { undiciHttp } from '../../../src/source/index.ts'
import { migrate } from '../../../src/store/migrate.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { tokenNode } from '../../support/anvil-world.ts'
import { ANVIL, ENVIRONMENT } from '../../support/flow-world.ts'

interface Line {
  readonly level: string
  readonly msg: string
  readonly loop?: string
  readonly lease?: string
  readonly failures?: number
  readonly err?: unknown
}

/** A whole daemon in this process, on a PostgreSQL of its own that can be stopped and started. */
async function outageWorld(t: TestContext) {
  const directory = await mkdtemp(path.join('/var/tmp', 'settled-outage-'))
  let postgres: Postgres = await startPostgres({ directory, durable: false })
  const databaseUrl = postgres.url
  const { url } = await tokenNode(t)
  const lines: Line[] = []
  const heard = { write: (text: string) => void lines.push(JSON.parse(text) as Line) }
  const app = await createApp(
    {
      databaseUrl,
      poolSize: 8,
      host: '127.0.0.1',
      port: 0,
      logLevel: 'info',
      webhookAllow: [],
      chains: [
        {
          ...ANVIL,
          providers: [{ name: 'anvil', url }],
          websocketUrl: null,
          start: 0,
          pollMs: 250,
        },
      ],
    },
    {
      env: systemEnv,
      log: createLogger({ level: 'info', destination: heard }),
      http: undiciHttp(),
    },
  )
  await migrate(app.db)
  const stopping = new AbortController()
  const running = app.run(stopping.signal)
  t.after(async () => {
    stopping.abort()
    await running
    await postgres.stop()
    await rm(directory, { recursive: true, force: true })
  })
  return {
    app,
    lines,
    stop: () => {
      stopping.abort()
      return running
    },
    stopDatabase: () => postgres.stop(),
    startDatabase: async () => {
      postgres = await startPostgres({
        directory,
        durable: false,
        port: Number(new URL(databaseUrl).port),
      })
    },
  }
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await systemClock.sleep(20)
}

async function readyz({ server }: App) {
  const { statusCode, body } = await server.inject({ url: '/readyz' })
  return { statusCode, ...JSON.parse(body) }
}

async function keyOf({ db }: App): Promise<string> {
  const now = systemClock.now()
  return db.transaction().execute(async (tx) => {
    const environment = await createEnvironment(tx, { id: ENVIRONMENT, kind: 'test', now })
    const { key } = await createApiKey(tx, { environment, name: 'outage', env: systemEnv })
    return key
  })
}

test('a daemon that is stopped while the database is away ends all the same', async (t) => {
  const { app, lines, stopDatabase, stop } = await outageWorld(t)
  await until(async () => (await readyz(app)).healthy)
  await stopDatabase()
  await stop()
  assert.equal(app.server.server.listening, false)
  assert.equal(lines.at(-1)?.msg, 'stopped')
  assert.ok(lines.some(({ msg }) => msg === 'lease taken'))
  const left = lines.filter(({ level, msg }) => level === 'warn' && msg.startsWith('not released'))
  assert.deepEqual(
    left.map(({ loop = '' }) => loop).toSorted(),
    heldAtLast(lines).map((lease) => `lease:${lease}`),
  )
})

/** Leases that were taken and not lost since: on a slow machine they have run out before the daemon ends. */
function heldAtLast(lines: readonly Line[]): string[] {
  const held = new Set<string>()
  for (const { lease, msg } of lines) {
    if (lease !== undefined && msg === 'lease taken') held.add(lease)
    if (lease !== undefined && msg === 'lease lost') held.delete(lease)
  }
  return [...held].toSorted()
}

test('a database that goes away and comes back is named once by whoever needs it', async (t) => {
  const { app, lines, stopDatabase, startDatabase } = await outageWorld(t)
  const key = await keyOf(app)
  const headers = { authorization: `Bearer ${key}` }
  const deposits = () => app.server.inject({ url: '/v1/deposits', headers })
  assert.equal((await deposits()).statusCode, 200)
  await until(async () => (await readyz(app)).healthy)

  await stopDatabase()
  const refused = await deposits()
  assert.equal(refused.statusCode, 503)
  assert.equal(refused.headers['content-type'], 'application/problem+json; charset=utf-8')
  assert.equal(refused.json().code, 'database_unavailable')
  assert.match(refused.json().detail, /database.*try again/s)
  const away = await readyz(app)
  assert.equal(away.statusCode, 503)
  assert.match(away.database, /^cannot be reached: /)
  assert.equal(away.chains[0].problem, 'unknown while the database cannot be reached')

  const failuresOf = (loop: string) => lines.filter((line) => line.loop === loop)
  const keeper = 'lease:publisher'
  const ticks = async () => {
    const metric = await app.metrics.registry.getSingleMetric('settled_loop_errors_total')?.get()
    return metric?.values.find(({ labels }) => labels['loop'] === keeper)?.value ?? 0
  }
  await until(async () => (await ticks()) >= 3)
  assert.deepEqual(
    failuresOf(keeper).map(({ level, msg }) => [level, msg]),
    [['error', 'failing: the database cannot be reached; look at PostgreSQL and DATABASE_URL']],
  )
  assert.deepEqual(
    lines.filter(({ err }) => err !== undefined),
    [],
    'nobody prints a stack for what is no bug',
  )

  await startDatabase()
  await until(() => failuresOf(keeper).length > 1)
  const recovered = failuresOf(keeper)[1]
  assert.match(recovered?.msg ?? '', /^recovered after \d+ s$/)
  assert.ok((recovered?.failures ?? 0) >= 3)
  assert.equal((await deposits()).statusCode, 200)
  await until(async () => (await readyz(app)).healthy)
})
