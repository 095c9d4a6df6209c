import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import type { Db } from '../../../src/store/database.ts'
import {
  acquireLease,
  assertFence,
  LeaseLostError,
  releaseLease,
  type Lease,
} from '../../../src/store/lease.ts'
import { letIdle, testDatabase, untilSomebodyWaits } from '../../support/database.ts'

async function take(db: Db, holder: string): Promise<Lease> {
  const lease = await acquireLease(db, 'chain:test', holder)
  assert.ok(lease !== null, `${holder} should have got the lease`)
  return lease
}

async function expire(db: Db): Promise<void> {
  await sql`update lease set expires_at = clock_timestamp() - interval '1 ms'`.execute(db)
}

/** A write under the lease, as every writer does it. */
async function writeUnder(db: Db, lease: Lease): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await tx.insertInto('address_epoch').values({ chain_id: 'test', epoch: lease.fence }).execute()
    await assertFence(tx, lease)
  })
}

async function writes(db: Db): Promise<number[]> {
  const rows = await db.selectFrom('address_epoch').select('epoch').execute()
  return rows.map((row) => row.epoch)
}

test('a held lease is refused to others and renewed for its holder', async (t) => {
  const { db } = await testDatabase(t)
  const first = await take(db, 'a')
  assert.equal(first.fence, 1)
  assert.equal(await acquireLease(db, 'chain:test', 'b'), null)
  await sql`update lease set expires_at = clock_timestamp() + interval '1 second'`.execute(db)
  assert.equal((await take(db, 'a')).fence, 1, 'renewing keeps the fence')
  const { rows } = await sql<{ renewed: boolean }>`
    select expires_at > clock_timestamp() + interval '5 seconds' as renewed from lease`.execute(db)
  assert.deepEqual(rows, [{ renewed: true }])
})

test('leases of different names do not meet', async (t) => {
  const { db } = await testDatabase(t)
  await take(db, 'a')
  assert.deepEqual(await acquireLease(db, 'publisher', 'b'), { name: 'publisher', fence: 1 })
})

test('an expired lease is taken over under a higher fence', async (t) => {
  const { db } = await testDatabase(t)
  await take(db, 'a')
  await expire(db)
  assert.equal((await take(db, 'b')).fence, 2)
  assert.equal(await acquireLease(db, 'chain:test', 'a'), null)
})

test('a holder that let its lease expire comes back under a higher fence', async (t) => {
  const { db } = await testDatabase(t)
  const stale = await take(db, 'a')
  await expire(db)
  const fresh = await take(db, 'a')
  assert.equal(fresh.fence, 2)
  await assert.rejects(writeUnder(db, stale), LeaseLostError)
})

test('a write under a stale fence leaves nothing behind', async (t) => {
  const { db } = await testDatabase(t)
  const stale = await take(db, 'a')
  await expire(db)
  const fresh = await take(db, 'b')
  await assert.rejects(writeUnder(db, stale), LeaseLostError)
  await writeUnder(db, fresh)
  assert.deepEqual(await writes(db), [2])
})

test('an expired lease does not let its holder write, even before anybody else took it', async (t) => {
  const { db } = await testDatabase(t)
  const lease = await take(db, 'a')
  await expire(db)
  await assert.rejects(writeUnder(db, lease), LeaseLostError)
})

test('a released lease is free at once', async (t) => {
  const { db } = await testDatabase(t)
  const lease = await take(db, 'a')
  await releaseLease(db, lease)
  await assert.rejects(writeUnder(db, lease), LeaseLostError)
  assert.equal((await take(db, 'b')).fence, 2)
})

test('a stale holder cannot release what another holds', async (t) => {
  const { db } = await testDatabase(t)
  const stale = await take(db, 'a')
  await expire(db)
  const fresh = await take(db, 'b')
  await releaseLease(db, stale)
  await writeUnder(db, fresh)
})

test('a holder paused inside its transaction is followed once the server has ended that', async (t) => {
  const { db } = await testDatabase(t)
  const lease = await take(db, 'a')
  let follower: Lease | undefined
  const paused = db.transaction().execute(async (tx) => {
    await letIdle(tx)
    await assertFence(tx, lease)
    await expire(db)
    const takeover = take(db, 'b')
    await untilSomebodyWaits(db)
    await sql`set local idle_in_transaction_session_timeout = '100ms'`.execute(tx)
    // From here on this holder says nothing to the server, as if it were paused.
    follower = await takeover
    await tx.insertInto('address_epoch').values({ chain_id: 'test', epoch: 1 }).execute()
  })
  await assert.rejects(paused)
  assert.equal(follower?.fence, 2)
  assert.deepEqual(await writes(db), [])
})

test('a renewal does not wait for transactions that hold the fence', async (t) => {
  const { db } = await testDatabase(t)
  const lease = await take(db, 'a')
  await db.transaction().execute(async (tx) => {
    await letIdle(tx)
    await assertFence(tx, lease)
    assert.deepEqual(await acquireLease(db, 'chain:test', 'a'), lease)
  })
})

test('a renewal comes through although there is always a transaction that holds the fence', async (t) => {
  const { db } = await testDatabase(t)
  const lease = await take(db, 'a')
  let turns = 0
  let turnsWaited = TURNS
  let renewal: Promise<void> | undefined
  let before = await holdFence(db, lease)
  while (turns < TURNS && turnsWaited === TURNS) {
    const next = await holdFence(db, lease)
    await before.commit()
    before = next
    turns += 1
    renewal ??= take(db, 'a').then(() => {
      turnsWaited = turns
    })
  }
  await before.commit()
  await renewal
  assert.ok(turnsWaited < TURNS, `it waited until nobody held the fence`)
})

/** Transactions, each begun before the last one is over. */
const TURNS = 500

/** A transaction under the lease, which is over when the caller says so. */
async function holdFence(db: Db, lease: Lease): Promise<{ commit(): Promise<void> }> {
  const held = Promise.withResolvers<void>()
  const over = Promise.withResolvers<void>()
  const transaction = db.transaction().execute(async (tx) => {
    await letIdle(tx)
    await assertFence(tx, lease)
    held.resolve()
    await over.promise
  })
  await Promise.race([held.promise, transaction])
  const commit = (): Promise<void> => {
    over.resolve()
    return transaction
  }
  return { commit }
}
