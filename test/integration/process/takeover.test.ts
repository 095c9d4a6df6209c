import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { lockCursor } from '../../../src/block/block-store.ts'
import { mine } from '../../../src/dev/anvil-control.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import type { Db } from '../../../src/store/database.ts'
import {
  ALICE,
  anvilWorld,
  assertMirrorsChain,
  UNIT,
  type AnvilWorld,
} from '../../support/anvil-world.ts'
import { ANVIL } from '../../support/flow-world.ts'
import { CHAIN_LEASE, Daemon } from './daemon.ts'

const PROMISED_MS = 15_000

test('a leader paused inside a transaction is followed in time, and writes nothing when it wakes up', async (t) => {
  const world = await anvilWorld(t, { leasesRunOut: true })
  await world.watch.keeper.release()
  await world.register([ALICE])
  const paused = Daemon.start(t, world.url, world.anvil)
  await paused.leads()
  await world.pay(ALICE, 1n * UNIT)
  await paused.said(({ msg }) => msg === 'deposit.detected')
  const standby = Daemon.start(t, world.url, world.anvil)
  await standby.said(({ msg }) => msg === 'listening')

  const stoppedMs = await pauseInsideTransaction(world.db, paused, () =>
    world.pay(ALICE, 2n * UNIT),
  )
  await standby.leads()
  const takeoverMs = performance.now() - stoppedMs
  assert.ok(takeoverMs < PROMISED_MS, `the takeover took ${Math.round(takeoverMs)} ms`)
  await standby.said(({ msg }) => msg === 'deposit.detected')
  const before = paused.lines.length
  const fence = await fenceOf(world.db)

  paused.signal('SIGCONT')
  await paused.said(({ msg, lease }) => msg === 'lease lost' && lease === CHAIN_LEASE)
  await world.pay(ALICE, 3n * UNIT)
  await mine(world.anvil.url)
  await untilStories(world, [
    '1: detected confirmed',
    '2: detected confirmed',
    '3: detected confirmed',
  ])
  const since = paused.lines.slice(before)
  assert.deepEqual(
    since.filter(({ msg }) => msg.startsWith('deposit.')),
    [],
  )
  assert.equal(await fenceOf(world.db), fence)
  await assertMirrorsChain(world, [ALICE])
  await Promise.all([paused.end('SIGTERM'), standby.end('SIGTERM')])
})

/**
 * Holds the cursor's row until the daemon waits for it, stops the process there and lets go of the row: the
 * server goes on with the statement, and the transaction, which holds the fence, stays open with nobody behind it.
 */
async function pauseInsideTransaction(
  db: Db,
  daemon: Daemon,
  makeWork: () => Promise<unknown>,
): Promise<number> {
  await db.transaction().execute(async (tx) => {
    await lockCursor(tx, ANVIL.chain.id)
    await makeWork()
    while (!(await isSomebodyWaiting(db))) await systemClock.sleep(5)
    daemon.signal('SIGSTOP')
  })
  return performance.now()
}

async function isSomebodyWaiting(db: Db): Promise<boolean> {
  const { rows } = await sql`
    select 1 from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`.execute(db)
  return rows.length > 0
}

async function fenceOf(db: Db): Promise<number | undefined> {
  const lease = await db
    .selectFrom('lease')
    .select('fence')
    .where('name', '=', CHAIN_LEASE)
    .executeTakeFirst()
  return lease?.fence
}

async function untilStories(world: AnvilWorld, expected: string[]): Promise<void> {
  while ((await world.stories()).join() !== expected.join()) await systemClock.sleep(20)
}
