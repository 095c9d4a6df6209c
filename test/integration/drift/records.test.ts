import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { fanOut } from '../../../src/delivery/delivery-store.ts'
import { createEndpoint } from '../../../src/delivery/endpoint-store.ts'
import type { EventType } from '../../../src/domain/event.ts'
import { movableDeposits } from '../../../src/drift/check-store.ts'
import { required } from '../../../src/lib/assert.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { systemRandom } from '../../../src/lib/random.ts'
import { Publisher } from '../../../src/outbox/publisher.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { Report } from '../../../src/telemetry/report.ts'
import { acquireLease } from '../../../src/store/lease.ts'
import { ALICE, UNIT } from '../../support/anvil-world.ts'
import { ENVIRONMENT, RAIL } from '../../support/flow-world.ts'
import { auditWorld, briefly, type AuditWorld } from './world.ts'

async function publish({ db }: AuditWorld): Promise<void> {
  const lease = required(await acquireLease(db, 'publisher', 'test'), 'nobody else publishes')
  const publisher = new Publisher({
    db,
    env: { clock: systemClock, random: systemRandom },
    report: new Report(createLogger({ level: 'silent' }), new Metrics()),
    fanOut,
    lease: () => lease,
    onPublished: () => undefined,
  })
  await publisher.tick()
}

test('a deposit that ought to have moved on is found at the second look, and again when it has', async (t) => {
  const world = await auditWorld(t, { providers: ['only'] })
  await world.register([ALICE])
  await world.pay(ALICE, 250n * UNIT)
  await world.follow()
  await world.audit()
  assert.deepEqual(await world.stories(), ['250: detected confirmed final'])
  await sql`update deposit set state = 'confirmed'`.execute(world.db)
  await world.audit()
  assert.deepEqual(await world.findings(), [], 'once may be a coincidence')
  await world.audit()
  const [overdue, ...others] = await world.findings()
  assert.deepEqual(others, [])
  assert.deepEqual([overdue?.kind, overdue?.environment], ['state_overdue', ENVIRONMENT])
  await sql`update deposit set state = 'final'`.execute(world.db)
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), ['state_overdue resolved'])
})

test('an event that nobody numbers is found after five minutes', async (t) => {
  const world = await auditWorld(t, { providers: ['only'] })
  await world.register([ALICE])
  await world.pay(ALICE, 250n * UNIT)
  await world.follow()
  await world.audit()
  assert.deepEqual(await world.findings(), [])
  await sql`update event set created_at = created_at - interval '6 minutes'`.execute(world.db)
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), ['event_unpublished open'])
  await publish(world)
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), ['event_unpublished resolved'])
})

test('an event that an endpoint was not given is found, and no other', async (t) => {
  const world = await auditWorld(t, { providers: ['only'] })
  const { db } = world
  await world.register([ALICE])
  const hourAgo = new Date(systemClock.now().getTime() - 3_600_000)
  const endpoint = (id: string, eventTypes: readonly EventType[] | null) => {
    const place = { environment: ENVIRONMENT, url: 'https://example.com/', description: '' }
    const made = { ...place, id, eventTypes, secret: 'whsec_x' }
    return db.transaction().execute((tx) => createEndpoint(tx, made, hourAgo))
  }
  await endpoint('ep_all', null)
  await endpoint('ep_final', ['deposit.final'])
  await world.pay(ALICE, 250n * UNIT)
  await world.follow()
  await publish(world)
  await world.audit()
  assert.deepEqual(await world.findings(), [])
  const lost = await db
    .selectFrom('delivery as d')
    .innerJoin('event as e', 'e.id', 'd.event_id')
    .selectAll('d')
    .where('d.endpoint_id', '=', 'ep_final')
    .executeTakeFirstOrThrow()
  await db.deleteFrom('delivery').where('id', '=', lost.id).execute()
  // A daemon that begins looks at all events again.
  world.restart()
  await world.audit()
  const [missing, ...others] = await world.findings()
  assert.deepEqual(others, [])
  assert.deepEqual([missing?.kind, missing?.subject], ['delivery_missing', lost.event_id])
  assert.equal(Reflect.get(missing?.evidence ?? {}, 'endpoint'), 'ep_final')
  const { id: _id, ...again } = lost
  await db.insertInto('delivery').values(again).execute()
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), ['delivery_missing resolved'])
})

test('blocks of our view that do not link are found', async (t) => {
  const world = await auditWorld(t, { providers: ['only'] })
  await world.register([ALICE])
  await world.follow()
  await world.audit()
  assert.deepEqual(await world.findings(), [])
  const { height } = await world.db
    .selectFrom('chain_cursor')
    .select('height')
    .executeTakeFirstOrThrow()
  await world.db
    .updateTable('block')
    .set({ parent_hash: Buffer.alloc(32, 1) })
    .where('height', '=', height)
    .execute()
  await world.audit()
  const [broken, ...others] = await world.findings()
  assert.deepEqual(others, [])
  assert.deepEqual([broken?.kind, broken?.height], ['view_broken', height])
})

test('deposits that only a hold keeps from being final hide nobody who is overdue', async (t) => {
  const world = await auditWorld(t, { providers: ['only'] })
  await world.register([ALICE])
  await world.pay(ALICE, 250n * UNIT)
  await world.pay(ALICE, 260n * UNIT)
  await world.follow()
  await sql`update deposit set state = 'confirmed' where amount = ${250n * UNIT}`.execute(world.db)
  await sql`update deposit set state = 'detected' where amount = ${260n * UNIT}`.execute(world.db)
  const held = new Set([RAIL.id])
  const movable = await world.db
    .transaction()
    .execute((tx) => movableDeposits(tx, RAIL.chainId, { held, limit: 1 }))
  assert.deepEqual(
    movable.map(({ amount }) => amount),
    [260n * UNIT],
  )
})
