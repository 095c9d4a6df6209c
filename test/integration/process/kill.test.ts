import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { sql } from 'kysely'
import { createEndpoint } from '../../../src/delivery/endpoint-store.ts'
import { newSecret } from '../../../src/delivery/signature.ts'
import { mine } from '../../../src/dev/anvil-control.ts'
import { startReceiver, type Receiver } from '../../../src/dev/receiver.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { systemRandom } from '../../../src/lib/random.ts'
import type { Db } from '../../../src/store/database.ts'
import {
  ALICE,
  anvilWorld,
  assertMirrorsChain,
  BOB,
  CAROL,
  SLOTS,
  type AnvilWorld,
} from '../../support/anvil-world.ts'
import { ENVIRONMENT } from '../../support/flow-world.ts'
import { keepBusy } from './busy-chain.ts'
import { Daemon } from './daemon.ts'

const KILLS = 50
/** How long a leader lives after it took over, in milliseconds. */
const LIFE_MS = { least: 50, most: 700 }
const RECIPIENTS = [ALICE, BOB, CAROL]

const TITLE = `${KILLS} kills at random moments lose, double and reorder nothing`

test(TITLE, async (t) => {
  const world = await anvilWorld(t, { anvil: { noMining: true }, leasesRunOut: true })
  await world.watch.keeper.release()
  await world.register(RECIPIENTS)
  const receiver = await consumer(t, world.db)
  const stopping = new AbortController()
  const busy = keepBusy(world, RECIPIENTS, stopping.signal)

  const survivor = await killOneAfterAnother(t, world)
  await untilOrphaned(world)
  stopping.abort()
  const { payments, reorgs } = await busy
  await mine(world.anvil.url, 2 * SLOTS)
  await untilSettled(world)
  await survivor.end('SIGTERM')

  t.diagnostic(`${payments} payments, ${reorgs} reorgs, ${receiver.received.length} webhooks`)
  await assertMirrorsChain(world, RECIPIENTS)
  await assertAllFinalOrGone(world.db)
  await world.stories()
  await assertFeedIsWhole(world.db, receiver)
})

/**
 * Two daemons at any time: one leads, one stands by or is just starting. Now the leader is killed, now the other.
 * A dead leader's leases are let expire at once; that they expire by themselves in time is another test's matter.
 */
async function killOneAfterAnother(t: TestContext, world: AnvilWorld): Promise<Daemon> {
  const start = (): Daemon => Daemon.start(t, world.url, world.anvil)
  let [leader, other] = await leaderFirst(start(), start())
  for (let kills = 0; kills < KILLS; kills += 1) {
    const spreadMs = LIFE_MS.most - LIFE_MS.least
    await systemClock.sleep(LIFE_MS.least + systemRandom.fraction() * spreadMs)
    if (kills % 4 === 3) {
      await other.end('SIGKILL')
      other = start()
    } else {
      await leader.end('SIGKILL')
      await sql`update lease set expires_at = clock_timestamp()`.execute(world.db)
      ;[leader, other] = await leaderFirst(other, start())
    }
  }
  await other.end('SIGKILL')
  return leader
}

async function leaderFirst(a: Daemon, b: Daemon): Promise<[leader: Daemon, other: Daemon]> {
  const leader = await Promise.race([a.leads().then(() => a), b.leads().then(() => b)])
  return leader === a ? [a, b] : [b, a]
}

async function consumer(t: TestContext, db: Db): Promise<Receiver> {
  const secret = newSecret(systemRandom)
  const receiver = await startReceiver({ secrets: [secret] })
  t.after(() => receiver.stop())
  const endpoint = {
    id: 'ep_consumer',
    environment: ENVIRONMENT,
    url: receiver.url,
    description: '',
    eventTypes: null,
    secret,
  }
  await db.transaction().execute((tx) => createEndpoint(tx, endpoint, new Date()))
  return receiver
}

/** Until a reorg has dropped what was seen: on a slow machine the killed may never have come as far as one. */
async function untilOrphaned({ db }: AnvilWorld): Promise<void> {
  const orphans = db.selectFrom('deposit').select('id').where('state', '=', 'orphaned')
  while ((await orphans.execute()).length === 0) await systemClock.sleep(20)
}

/** Until the daemon has seen the head, numbered every event and had every delivery acknowledged. */
async function untilSettled({ db, source }: AnvilWorld): Promise<void> {
  for (;;) {
    const head = await source.head()
    const { rows } = await sql`
      select 1 from chain_cursor
      where hash = ${Buffer.from(head.hash.slice(2), 'hex')}
        and finalized_height = ${head.height - 2 * SLOTS}
        and not exists (select from event where seq is null)
        and not exists (select from delivery where state = 'pending')`.execute(db)
    if (rows.length > 0) return
    await systemClock.sleep(20)
  }
}

/** The last blocks hold no payments: whatever is still in the chain is final by now. */
async function assertAllFinalOrGone(db: Db): Promise<void> {
  const rows = await db.selectFrom('deposit').select('state').distinct().execute()
  const states = rows.map(({ state }) => state).toSorted()
  assert.deepEqual(
    states.filter((state) => !['final', 'orphaned', 'reversed'].includes(state)),
    [],
  )
  assert.ok(states.includes('final') && states.includes('orphaned'))
}

/** P8 and P9: numbers without a gap, and each event at the consumer, in order per deposit. */
async function assertFeedIsWhole(db: Db, receiver: Receiver): Promise<void> {
  const events = await db.selectFrom('event').select(['id', 'seq']).orderBy('seq').execute()
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
  )
  assert.deepEqual([...receiver.processed.keys()].toSorted(), events.map(({ id }) => id).toSorted())
  assert.deepEqual(receiver.disorder, [])
  assert.deepEqual(receiver.refused, [])
}
