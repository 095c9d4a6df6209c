import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { sql } from 'kysely'
import { savePolicy } from '../../../src/confirmation/policy-store.ts'
import type { DepositState } from '../../../src/domain/deposit.ts'
import { toBytes } from '../../../src/lib/hex.ts'
import type { Db } from '../../../src/store/database.ts'
import { letIdle, untilSomebodyWaits } from '../../support/database.ts'
import { SEEN, seedDeposit, seedEvent } from './seed.ts'
import { createWorld, ETHEREUM, hash, POLYGON_USDT, USDC, USDT, type World } from './world.ts'

/** Blocks come every twelve seconds from the one at which the deposits were seen. */
const BLOCK_MS = 12_000
const at = (blocks: number): Date => new Date(SEEN.getTime() + blocks * BLOCK_MS)

/** Two deposits in block 100: one confirmed by its third block, one that still waits. */
async function tradedWorld(t: TestContext): Promise<World> {
  const world = await createWorld(t)
  const policy = {
    minimumAmount: 1n,
    bands: [{ upTo: null, rule: { confirmations: 3, finality: false }, providers: 1 }],
    onFinalityStall: 'hold' as const,
  }
  const rail = { id: USDT, chainId: ETHEREUM, asset: 'usdt', symbol: 'USDT', decimals: 6 }
  const facts = { ...rail, assetId: '', contract: hash(1), minimumAmount: 1n }
  const said = { author: 'ada', reason: 'as agreed', now: SEEN }
  await world.db
    .transaction()
    .execute((tx) => savePolicy(tx, { environment: 'acme-live', rail: facts, policy, ...said }))
  for (let height = 100; height < 106; height += 1) await connect(world.db, height)
  await seed(world.db, 'dep_a', '12500000', 'confirmed')
  return world
}

async function connect(db: Db, height: number): Promise<void> {
  const connected_at = at(height - 100)
  await db
    .insertInto('block')
    .values({
      chain_id: ETHEREUM,
      height,
      hash: toBytes(hash(height)),
      parent_hash: toBytes(hash(height - 1)),
      block_time: connected_at,
      connected_at,
      disconnected_at: null,
    })
    .execute()
}

async function seed(db: Db, id: string, amount: string, state: DepositState): Promise<void> {
  await seedDeposit(db, { id, amount, state })
  await db
    .insertInto('sighting')
    .values({
      deposit_id: id,
      block_hash: toBytes(hash(100)),
      height: 100,
      block_time: SEEN,
      log_index: 7,
      seen_at: SEEN,
      orphaned_at: null,
    })
    .execute()
  await seedEvent(db, { id: 'evt_1', deposit: id, seq: 1 })
  await seedEvent(db, { id: 'evt_2', deposit: id, version: 2, type: 'deposit.confirmed', seq: 2 })
  await db
    .updateTable('event')
    .set({ created_at: at(2) })
    .where('version', '=', 2)
    .execute()
  await db
    .updateTable('deposit')
    .set({ version: 2, confirmed_at: at(2) })
    .execute()
}

const FROM = '2026-01-01T00:00:00Z'

test('a candidate is told beside the policy in force, with exact amounts', async (t) => {
  const world = await tradedWorld(t)
  const body = { rail: USDT, from: FROM, candidate: { bands: [{ confirmations: 5 }] } }
  const { status, json, text } = await world.call('POST', '/v1/policy-trials', { body })
  assert.equal(status, 200, text)
  assert.deepEqual([json.environment, json.rail, json.policy_version], ['acme-live', USDT, 1])
  assert.deepEqual(json.unexplained, [])
  assert.deepEqual(json.total.deposits, { count: 1, amount: '12500000', amount_decimal: '12.5' })
  const waits = (ms: number) => ({ p50: ms, p95: ms, max: ms })
  assert.deepEqual(json.total.in_force.wait_ms, waits(2 * BLOCK_MS))
  assert.deepEqual(json.total.candidate.wait_ms, waits(4 * BLOCK_MS))
  assert.equal(json.total.candidate.amount_seconds, '600')
  assert.deepEqual(json.bands[0].rule, { confirmations: 5, finality: false, providers: 1 })
  const bounded = { ...body, to: SEEN.toISOString() }
  const before = await world.call('POST', '/v1/policy-trials', { body: bounded })
  assert.deepEqual(before.json.total.deposits, { count: 0, amount: '0', amount_decimal: '0' })
})

test('a key tries policies on deposits of its own environment only, and writes nothing', async (t) => {
  const world = await tradedWorld(t)
  const candidate = { bands: [{ finality: true }] }
  const refused = [
    [{ rail: POLYGON_USDT, from: FROM, candidate }, {}, 422, 'rail_not_enabled'],
    [{ rail: USDC, from: FROM, candidate }, {}, 422, 'rail_not_enabled'],
    [{ rail: USDT, from: FROM, candidate }, { key: world.globex }, 422, 'rail_not_enabled'],
    [{ rail: 'tron/usdt', from: FROM, candidate }, {}, 422, 'unknown_rail'],
    [{ rail: USDT, from: FROM, candidate: { bands: [{}] } }, {}, 400, 'invalid_policy'],
    [{ rail: USDT, from: FROM }, {}, 400, 'invalid_request'],
    [{ rail: USDT, from: 'yesterday', candidate }, {}, 400, 'invalid_request'],
    [{ rail: USDT, from: FROM, candidate }, { key: '' }, 401, 'unauthorized'],
  ] as const
  for (const [body, options, status, code] of refused) {
    const answer = await world.call('POST', '/v1/policy-trials', { ...options, body })
    assert.deepEqual([answer.status, answer.json.code], [status, code], answer.text)
  }
  const rows = await world.db.selectFrom('policy_version').selectAll().execute()
  assert.equal(rows.length, 1)
})

test('one at a time of an environment: the second is told to come again, others are not', async (t) => {
  const world = await tradedWorld(t)
  const body = { rail: USDT, from: FROM, candidate: { bands: [{ confirmations: 5 }] } }
  const trial = () => world.call('POST', '/v1/policy-trials', { body })
  const first = await world.db.transaction().execute(async (tx) => {
    await letIdle(tx)
    await sql`lock table policy_version`.execute(tx)
    const waiting = trial()
    await untilSomebodyWaits(world.db)
    const { status, json } = await trial()
    assert.deepEqual([status, json.code], [503, 'not_ready'])
    assert.match(json.detail, /^policy trials under way for acme-live: 1,/)
    const other = world.call('POST', '/v1/policy-trials', { body, key: world.globex })
    return { waiting, other }
  })
  assert.equal((await first.waiting).status, 200)
  assert.equal((await first.other).json.code, 'rail_not_enabled')
  assert.equal((await trial()).status, 200)
})
