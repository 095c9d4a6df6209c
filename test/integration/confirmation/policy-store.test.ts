import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadChain } from '../../../src/config/chain-files.ts'
import {
  currentPolicy,
  policiesFor,
  policyHistory,
  policyKey,
  savePolicy,
} from '../../../src/confirmation/policy-store.ts'
import type { Rail } from '../../../src/domain/chain.ts'
import { AppError } from '../../../src/domain/error.ts'
import { parsePolicy } from '../../../src/domain/policy-document.ts'
import { createEnvironment } from '../../../src/environment/environment-store.ts'
import { required } from '../../../src/lib/assert.ts'
import type { Db } from '../../../src/store/database.ts'
import { testDatabase } from '../../support/database.ts'

const now = new Date('2026-01-02T03:04:05Z')
const { rail: usdt } = required(loadChain('ethereum').rails[0], 'Ethereum has a rail')
const usdc: Rail = { ...usdt, id: 'ethereum/usdc' }

async function save(db: Db, environment: string, rail: Rail, confirmations: number) {
  const policy = parsePolicy({ minimum: '5', bands: [{ confirmations }] }, rail)
  return db
    .transaction()
    .execute((tx) =>
      savePolicy(tx, { environment, rail, policy, author: 'cli:ada', reason: 'a test', now }),
    )
}

async function withEnvironments(db: Db): Promise<void> {
  for (const id of ['acme-live', 'acme-test'])
    await createEnvironment(db, { id, kind: 'test', now })
}

test('a rail that was never enabled has no policy', async (t) => {
  const { db } = await testDatabase(t)
  await withEnvironments(db)
  assert.equal(await currentPolicy(db, 'acme-live', usdt), null)
  assert.equal((await policiesFor(db, [])).size, 0)
})

test('versions are appended, and the newest is in force', async (t) => {
  const { db } = await testDatabase(t)
  await withEnvironments(db)
  assert.equal(await save(db, 'acme-live', usdt, 3), 1)
  assert.equal(await save(db, 'acme-live', usdt, 9), 2)
  assert.deepEqual(await currentPolicy(db, 'acme-live', usdt), {
    version: 2,
    policy: {
      minimumAmount: 5_000_000n,
      bands: [{ upTo: null, rule: { confirmations: 9, finality: false }, providers: 1 }],
      onFinalityStall: 'hold',
    },
    author: 'cli:ada',
    reason: 'a test',
    createdAt: now,
  })
  const history = await policyHistory(db, 'acme-live', usdt)
  assert.deepEqual(
    history.map(({ version }) => version),
    [2, 1],
  )
})

test('many subjects are answered at once, each with its own newest version', async (t) => {
  const { db } = await testDatabase(t)
  await withEnvironments(db)
  await save(db, 'acme-live', usdt, 3)
  await save(db, 'acme-live', usdt, 4)
  await save(db, 'acme-live', usdc, 5)
  await save(db, 'acme-test', usdc, 6)
  const policies = await policiesFor(db, [
    { environment: 'acme-live', rail: usdt },
    { environment: 'acme-test', rail: usdt },
    { environment: 'acme-test', rail: usdc },
  ])
  const confirmations = (environment: string, rail: Rail) =>
    policies.get(policyKey(environment, rail.id))?.policy.bands[0]?.rule.confirmations
  assert.equal(confirmations('acme-live', usdt), 4)
  assert.equal(confirmations('acme-test', usdc), 6)
  assert.equal(confirmations('acme-test', usdt), undefined, 'it has no policy for this rail')
  assert.equal(confirmations('acme-live', usdc), undefined, 'it was not asked for')
})

test('of two authors at once only one gets the version', async (t) => {
  const { db } = await testDatabase(t)
  await withEnvironments(db)
  const both = await Promise.allSettled([
    save(db, 'acme-live', usdt, 3),
    save(db, 'acme-live', usdt, 4),
    save(db, 'acme-live', usdt, 5),
  ])
  const saved = both.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  for (const result of both) {
    if (result.status === 'fulfilled') continue
    assert.ok(result.reason instanceof AppError)
    assert.match(result.reason.message, /just saved version [123] for ethereum\/usdt; look at it/)
  }
  const versions = (await policyHistory(db, 'acme-live', usdt)).map(({ version }) => version)
  assert.deepEqual(
    versions.toReversed(),
    saved.toSorted((a, b) => a - b),
  )
})

test("a rail's raised minimum holds for policies written before", async (t) => {
  const { db } = await testDatabase(t)
  await withEnvironments(db)
  await save(db, 'acme-live', usdt, 3)
  const raised = { ...usdt, minimumAmount: 7_000_000n }
  const current = await currentPolicy(db, 'acme-live', raised)
  assert.equal(current?.policy.minimumAmount, 7_000_000n)
})
