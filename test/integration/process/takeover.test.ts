import assert from 'node:assert/strict'
import { test } from 'node:test'
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
import { letIdle, untilSomebodyWaits } from '../../support/database.ts'
import { ANVIL } from '../../support/flow-world.ts'
import { CHAIN_LEASE, Daemon } from './daemon.ts'

/** Promised are 15 seconds. A look of the daemons' own pace lasts longer where the machine is slow, as theirs do. */
const PROMISED_LOOKS = 15
const LOOK_MS = 1_000

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

  await pauseInsideTransaction(world.db, paused, () => world.pay(ALICE, 2n * UNIT))
  const looks = await looksUntil(world.db, standby.leads())
  assert.ok(looks <= PROMISED_LOOKS, `the takeover took ${looks} looks`)
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
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await letIdle(tx)
    await lockCursor(tx, ANVIL.chain.id)
    await makeWork()
    await untilSomebodyWaits(db)
    daemon.signal('SIGSTOP')
  })
}

/** How often somebody who rests as standbys do, and asks the database as they do, has looked when it is done. */
async function looksUntil(db: Db, done: Promise<unknown>): Promise<number> {
  const over = new AbortController()
  const ending = done.finally(() => over.abort())
  let looks = 0
  for (; !over.signal.aborted; looks += 1) {
    await fenceOf(db)
    await systemClock.sleep(LOOK_MS, over.signal)
  }
  await ending
  return looks
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
