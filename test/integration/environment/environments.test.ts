import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  authenticate,
  createApiKey,
  listApiKeys,
  revokeApiKey,
} from '../../../src/environment/api-key-store.ts'
import {
  createEnvironment,
  enableRail,
  findEnvironment,
  listEnvironments,
  railsOf,
} from '../../../src/environment/environment-store.ts'
import { systemEnv } from '../../../src/lib/env.ts'
import type { Db } from '../../../src/store/database.ts'
import { testDatabase } from '../../support/database.ts'

const NOW = new Date('2026-03-01T12:00:00Z')

test('an environment is created once and found again', async (t) => {
  const { db } = await testDatabase(t)
  const created = await createEnvironment(db, { id: 'acme-live', kind: 'live', now: NOW })
  assert.deepEqual(created, { id: 'acme-live', kind: 'live', createdAt: NOW })
  assert.deepEqual(await findEnvironment(db, 'acme-live'), created)
  assert.equal(await findEnvironment(db, 'acme'), null)
  const again = createEnvironment(db, { id: 'acme-live', kind: 'test', now: NOW })
  await assert.rejects(again, { code: 'already_exists' })
  assert.deepEqual(await listEnvironments(db), [created])
})

test('an id that is no id is refused before the database sees it', async (t) => {
  const { db } = await testDatabase(t)
  for (const id of ['', 'a', 'Acme', '-acme', 'acme_live', 'x'.repeat(64), 'acme\u0000']) {
    const creation = createEnvironment(db, { id, kind: 'live', now: NOW })
    await assert.rejects(creation, { code: 'invalid_request' }, id)
  }
  assert.deepEqual(await listEnvironments(db), [])
})

test('a rail is enabled once, for one environment', async (t) => {
  const { db } = await testDatabase(t)
  for (const id of ['acme', 'globex']) await createEnvironment(db, { id, kind: 'test', now: NOW })
  const enable = () =>
    db
      .transaction()
      .execute((tx) => enableRail(tx, { environment: 'acme', rail: 'ethereum/usdt', now: NOW }))
  assert.equal(await enable(), true)
  assert.equal(await enable(), false)
  assert.deepEqual([...(await railsOf(db, 'acme'))], ['ethereum/usdt'])
  assert.deepEqual([...(await railsOf(db, 'globex'))], [])
})

test('a key opens its environment until it is revoked, and is nowhere in the database', async (t) => {
  const { db } = await testDatabase(t)
  const environment = await createEnvironment(db, { id: 'acme', kind: 'live', now: NOW })
  const { id, key } = await newKey(db, environment, 'ledger')
  assert.deepEqual(await authenticate(db, key), { environment: 'acme', keyId: id })
  assert.equal(await authenticate(db, `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`), null)
  const stored = await db.selectFrom('api_key').selectAll().execute()
  assert.ok(!JSON.stringify(stored).includes(key))

  const revoke = (of: string) =>
    db.transaction().execute((tx) => revokeApiKey(tx, { environment: of, id, now: NOW }))
  assert.equal(await revoke('globex'), false)
  assert.equal(await revoke('acme'), true)
  assert.equal(await revoke('acme'), false)
  assert.equal(await authenticate(db, key), null)
  const [listed] = await listApiKeys(db, 'acme')
  assert.deepEqual([listed?.id, listed?.name, listed?.revokedAt], [id, 'ledger', NOW])
})

function newKey(
  db: Db,
  environment: Parameters<typeof createApiKey>[1]['environment'],
  name: string,
) {
  return db.transaction().execute((tx) => createApiKey(tx, { environment, name, env: systemEnv }))
}
