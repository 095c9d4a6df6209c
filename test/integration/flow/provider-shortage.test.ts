import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChainConfig } from '../../../src/config/config.ts'
import { savePolicy } from '../../../src/confirmation/policy-store.ts'
import { parsePolicy } from '../../../src/domain/policy-document.ts'
import { createEnvironment } from '../../../src/environment/environment-store.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { findShortages, ShortageWatch } from '../../../src/provider-shortage.ts'
import type { Db } from '../../../src/store/database.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { Report } from '../../../src/telemetry/report.ts'
import { testDatabase } from '../../support/database.ts'
import { ANVIL, RAIL } from '../../support/flow-world.ts'

const now = systemClock.now()

function anvilWith(...names: string[]): ChainConfig {
  const providers = names.map((name) => ({ name, url: `http://${name}.example` }))
  return { ...ANVIL, providers, websocketUrl: null, start: 0, pollMs: 250 }
}

async function ask(db: Db, environment: string, providers: readonly number[]): Promise<void> {
  const bands = providers.map((count, index) => ({
    ...(index < providers.length - 1 && { up_to: `${(index + 1) * 100}` }),
    confirmations: 1,
    providers: count,
  }))
  const policy = parsePolicy({ bands }, RAIL)
  const change = { environment, rail: RAIL, policy, author: 'test', reason: 'test', now }
  await db.transaction().execute((tx) => savePolicy(tx, change))
}

async function twoEnvironments(db: Db): Promise<void> {
  for (const id of ['acme-live', 'globex-live'])
    await createEnvironment(db, { id, kind: 'live', now })
}

test('a policy in force that asks for more providers than there are is found, any band of it', async (t) => {
  const { db } = await testDatabase(t)
  await twoEnvironments(db)
  await ask(db, 'acme-live', [1, 3])
  await ask(db, 'globex-live', [1, 1])
  assert.deepEqual(await findShortages(db, [anvilWith('a', 'b')]), [
    {
      environment: 'acme-live',
      chain: 'anvil',
      rail: RAIL.id,
      version: 1,
      asked: 3,
      configured: 2,
    },
  ])
  assert.deepEqual(await findShortages(db, [anvilWith('a', 'b', 'c')]), [])
  await ask(db, 'acme-live', [1, 2])
  await ask(db, 'globex-live', [4, 1])
  assert.deepEqual(
    (await findShortages(db, [anvilWith('a', 'b')])).map(({ environment }) => environment),
    ['globex-live'],
    'only the newest version is in force',
  )
  assert.deepEqual(
    await findShortages(db, []),
    [],
    'a chain that is not configured is nobody to judge',
  )
})

test('the daemon says each shortage once, and again when another policy brings one', async (t) => {
  const { db } = await testDatabase(t)
  await twoEnvironments(db)
  const lines: string[] = []
  const log = createLogger({
    level: 'warn',
    destination: { write: (line) => void lines.push(line) },
  })
  const watch = new ShortageWatch(db, [anvilWith('only')], new Report(log, new Metrics()))
  assert.equal((await watch.tick()).name, 'nothing_new')
  await ask(db, 'acme-live', [2])
  assert.equal((await watch.tick()).name, 'found')
  assert.equal((await watch.tick()).name, 'nothing_new')
  assert.equal(lines.length, 1)
  const line = JSON.parse(lines[0] ?? '')
  assert.equal(line.level, 'error')
  assert.equal(line.environment, 'acme-live')
  assert.match(line.msg, /asks for 2 providers.*only 1 is configured.*SETTLED_ANVIL_RPC_URLS/)
  await ask(db, 'acme-live', [3])
  await watch.tick()
  assert.equal(lines.length, 2)
})
