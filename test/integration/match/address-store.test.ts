import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEnvironment } from '../../../src/environment/environment-store.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { registerAddresses, type AddressEntry } from '../../../src/match/address-store.ts'
import { requestHistoryBelow } from '../../../src/match/history-store.ts'
import type { Db } from '../../../src/store/database.ts'
import { letIdle, testDatabase, untilSomebodyWaits } from '../../support/database.ts'

const CHAIN = 'eip155:1'
const NOW = new Date('2026-03-01T12:00:00Z')

test('every batch raises the epoch of its chain and stamps its new rows with it', async (t) => {
  const { db } = await prepared(t)
  await register(db, [entry(1), entry(2)])
  await register(db, [entry(2), entry(3)])
  await register(db, [entry(4)], 'eip155:137')
  const rows = await db
    .selectFrom('deposit_address')
    .select(['chain_id', 'owner', 'epoch'])
    .orderBy('owner')
    .execute()
  assert.deepEqual(rows, [
    { chain_id: CHAIN, owner: 'o1', epoch: 1 },
    { chain_id: CHAIN, owner: 'o2', epoch: 1 },
    { chain_id: CHAIN, owner: 'o3', epoch: 2 },
    { chain_id: 'eip155:137', owner: 'o4', epoch: 1 },
  ])
  const epochs = await db.selectFrom('address_epoch').selectAll().orderBy('chain_id').execute()
  assert.deepEqual(epochs, [
    { chain_id: CHAIN, epoch: 2 },
    { chain_id: 'eip155:137', epoch: 1 },
  ])
})

test('answers come in the order of the entries; of two for one address the first one wins', async (t) => {
  const { db } = await prepared(t)
  await register(db, [entry(1)])
  const answers = await register(db, [
    entry(3),
    entry(1),
    { ...entry(1), owner: 'thief' },
    entry(2),
    entry(3),
    { ...entry(2), owner: 'thief' },
    { ...entry(3), rail: 'ethereum/usdc' },
  ])
  assert.deepEqual(
    answers.map(({ status, record }) => `${status} ${record.rail} ${record.owner}`),
    [
      'created ethereum/usdt o3',
      'exists ethereum/usdt o1',
      'taken ethereum/usdt o1',
      'created ethereum/usdt o2',
      'exists ethereum/usdt o3',
      'taken ethereum/usdt o2',
      'created ethereum/usdc o3',
    ],
  )
})

test('before the first block an address is registered at height −1, and its history waits for that block', async (t) => {
  const { db } = await prepared(t)
  const [before] = await register(db, [{ ...entry(1), watchFrom: 30 }, entry(2)])
  assert.equal(before?.record.registeredHeight, -1)
  await register(db, [{ ...entry(3), watchFrom: 40 }])
  await register(db, [{ ...entry(2), watchFrom: 20 }])
  await register(db, [{ ...entry(4), watchFrom: 5 }], 'eip155:137')
  assert.deepEqual(await rescans(db), [])
  await beginAt(db, 100)
  assert.deepEqual(await rescans(db), [
    {
      from_height: 20,
      to_height: 99,
      next_height: 20,
      reason: 'registered before the first block',
    },
  ])
})

test('the first block asks for nothing where nobody asked for what is below it', async (t) => {
  const { db } = await prepared(t)
  await register(db, [{ ...entry(1), watchFrom: 100 }, entry(2)])
  await beginAt(db, 100)
  assert.deepEqual(await rescans(db), [])
})

test('a late registration asks for one rescan, from its earliest history to the tip', async (t) => {
  const { db } = await prepared(t, 100)
  const [first] = await register(db, [
    { ...entry(1), watchFrom: 40 },
    { ...entry(2), watchFrom: 20 },
    entry(3),
    { ...entry(4), watchFrom: 500 },
  ])
  assert.equal(first?.record.registeredHeight, 100)
  assert.deepEqual(await rescans(db), [
    { from_height: 20, to_height: 100, next_height: 20, reason: 'late registration' },
  ])
})

test('watching from the tip itself is late, from the next block on is not', async (t) => {
  const { db } = await prepared(t, 100)
  await register(db, [{ ...entry(1), watchFrom: 101 }])
  assert.deepEqual(await rescans(db), [])
  await register(db, [{ ...entry(2), watchFrom: 100 }])
  assert.deepEqual(await rescans(db), [
    { from_height: 100, to_height: 100, next_height: 100, reason: 'late registration' },
  ])
})

test('an open rescan that is still to come to the height serves a second registration', async (t) => {
  const { db } = await prepared(t, 100)
  await register(db, [{ ...entry(1), watchFrom: 20 }])
  await register(db, [{ ...entry(2), watchFrom: 30 }])
  assert.equal((await rescans(db)).length, 1)
})

test('a rescan that has passed the height or is finished does not serve', async (t) => {
  const { db } = await prepared(t, 100)
  await register(db, [{ ...entry(1), watchFrom: 20 }])
  await db.updateTable('rescan').set({ next_height: 31 }).execute()
  await register(db, [{ ...entry(2), watchFrom: 30 }])
  assert.equal((await rescans(db)).length, 2)

  await db.updateTable('rescan').set({ finished_at: NOW }).execute()
  await register(db, [{ ...entry(4), watchFrom: 50 }])
  assert.equal((await rescans(db)).length, 3)
})

test('a rescan that has not begun is extended, so that two are open at most', async (t) => {
  const { db } = await prepared(t, 100)
  await register(db, [{ ...entry(1), watchFrom: 20 }])
  await db.updateTable('rescan').set({ next_height: 60 }).execute()
  for (const [index, watchFrom] of [50, 30, 40].entries()) {
    await db
      .updateTable('chain_cursor')
      .set({ height: 101 + index })
      .execute()
    await register(db, [{ ...entry(2 + index), watchFrom }])
  }
  const open = (await rescans(db)).map((row) => [row.from_height, row.next_height, row.to_height])
  assert.deepEqual(open, [
    [20, 60, 100],
    [30, 30, 103],
  ])
})

test('who exists already and asks for an earlier start gets it, and the missing stretch is read', async (t) => {
  const { db } = await prepared(t, 100)
  await register(db, [{ ...entry(1), watchFrom: 80 }, entry(2)])
  await db.updateTable('rescan').set({ next_height: 101, finished_at: NOW }).execute()
  await db.updateTable('chain_cursor').set({ height: 150 }).execute()
  const [first] = await register(db, [{ ...entry(1), watchFrom: 20 }])
  assert.deepEqual([first?.status, first?.record.watchFrom], ['exists', 20])
  assert.deepEqual(stretches(await rescans(db)).slice(1), [[20, 79]])
  await db.updateTable('rescan').set({ next_height: 80, finished_at: NOW }).execute()
  const [second] = await register(db, [{ ...entry(2), watchFrom: 30 }])
  assert.deepEqual([second?.record.watchFrom, second?.record.registeredHeight], [30, 100])
  assert.deepEqual(stretches(await rescans(db)).slice(2), [[30, 100]], 'to its registration')
})

test('a start that is not earlier, and one that another owner asks for, change nothing', async (t) => {
  const { db } = await prepared(t, 100)
  await register(db, [entry(1), { ...entry(2), watchFrom: 20 }])
  const before = await rescans(db)
  for (const watchFrom of [101, 150]) await register(db, [{ ...entry(1), watchFrom }])
  for (const watchFrom of [20, 50, undefined, null])
    await register(db, [{ ...entry(2), ...(watchFrom !== undefined && { watchFrom }) }])
  const [stranger] = await register(db, [{ ...entry(2), owner: 'other', watchFrom: 5 }])
  assert.deepEqual([stranger?.status, stranger?.record.watchFrom], ['taken', 20])
  const [own] = await register(db, [entry(1)])
  assert.equal(own?.record.watchFrom, null)
  assert.deepEqual(await rescans(db), before)
})

test('an earlier start of an address that is older than our first block is read up to that block', async (t) => {
  const { db } = await prepared(t)
  await register(db, [entry(1), { ...entry(2), watchFrom: 60 }])
  await startAt(db, 120, 100)
  await register(db, [{ ...entry(1), watchFrom: 100 }])
  assert.deepEqual(await rescans(db), [], 'what connected was searched')
  const [first] = await register(db, [{ ...entry(1), watchFrom: 90 }])
  assert.equal(first?.record.watchFrom, 90)
  assert.deepEqual(stretches(await rescans(db)), [[90, 99]])
  await db.updateTable('rescan').set({ next_height: 100, finished_at: NOW }).execute()
  await register(db, [{ ...entry(2), watchFrom: 20 }])
  assert.deepEqual(stretches(await rescans(db)).slice(1), [[20, 59]])
})

test('after the chain fell back, no more is read again than it has', async (t) => {
  const { db } = await prepared(t, 100)
  await register(db, [entry(1)])
  await db.updateTable('chain_cursor').set({ height: 90 }).execute()
  await register(db, [{ ...entry(1), watchFrom: 20 }])
  assert.deepEqual(stretches(await rescans(db)), [[20, 90]])
})

test('a registration waits for the block that is being applied, and then sees its tip', async (t) => {
  const { db } = await prepared(t, 100)
  await register(db, [entry(1)])
  let registration: ReturnType<typeof register> | undefined
  await db.transaction().execute(async (tx) => {
    await letIdle(tx)
    await tx.selectFrom('address_epoch').selectAll().forShare().execute()
    registration = register(db, [{ ...entry(2), watchFrom: 101 }])
    await untilSomebodyWaits(db)
    await tx.updateTable('chain_cursor').set({ height: 101 }).execute()
  })
  const [answer] = (await registration) ?? []
  assert.equal(answer?.record.registeredHeight, 101)
  assert.equal((await rescans(db))[0]?.from_height, 101)
})

async function prepared(t: Parameters<typeof testDatabase>[0], tip?: number) {
  const { db } = await testDatabase(t)
  await createEnvironment(db, { id: 'acme', kind: 'live', now: NOW })
  if (tip !== undefined) await startAt(db, tip)
  return { db }
}

async function startAt(db: Db, tip: number, start = 0): Promise<void> {
  await db
    .insertInto('chain_cursor')
    .values({
      chain_id: CHAIN,
      height: tip,
      hash: Buffer.alloc(32),
      block_time: NOW,
      start_height: start,
      finalized_height: null,
      finalized_hash: null,
      updated_at: NOW,
      halted_at: null,
      halt: null,
    })
    .execute()
}

/** What the chain's writer does with its first block. */
async function beginAt(db: Db, start: number): Promise<void> {
  await startAt(db, start, start)
  await db
    .transaction()
    .execute((tx) => requestHistoryBelow(tx, { chainId: CHAIN, start, now: NOW }))
}

function entry(n: number): AddressEntry {
  const address: Hex = `0x${n.toString(16).padStart(40, '0')}`
  return { rail: 'ethereum/usdt', address, owner: `o${n}` }
}

function register(db: Db, entries: readonly AddressEntry[], chainId = CHAIN) {
  return db
    .transaction()
    .execute((tx) => registerAddresses(tx, { environment: 'acme', chainId, now: NOW, entries }))
}

function stretches(rows: readonly { from_height: number; to_height: number }[]): number[][] {
  return rows.map(({ from_height, to_height }) => [from_height, to_height])
}

function rescans(db: Db) {
  return db
    .selectFrom('rescan')
    .select(['from_height', 'to_height', 'next_height', 'reason'])
    .orderBy('id')
    .execute()
}
