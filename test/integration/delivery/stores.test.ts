import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { backlog, getDelivery, listDeliveries } from '../../../src/delivery/delivery-page-store.ts'
import { fanOut, recordBatch } from '../../../src/delivery/delivery-store.ts'
import { CLOSED } from '../../../src/delivery/breaker.ts'
import type { BatchResult } from '../../../src/delivery/delivery.ts'
import {
  activeSecrets,
  deleteEndpoint,
  getEndpoint,
  listEndpoints,
  rotateSecret,
  updateEndpoint,
} from '../../../src/delivery/endpoint-store.ts'
import { letIdle, untilSomebodyWaits } from '../../support/database.ts'
import { ENVIRONMENT, World } from './world.ts'

const URL = 'https://hooks.example/'

test('an event goes to the endpoints that asked for its type, once', async (t) => {
  const world = await World.create(t)
  const all = await world.endpoint(URL)
  const finals = await world.endpoint(URL)
  const owner = { environment: ENVIRONMENT, id: finals.id }
  const changes = { eventTypes: ['deposit.final'] } as const
  await updateEndpoint(world.db, owner, changes, world.clock.now())
  const [detected, confirmed, final] = await world.deposit('a', 3)
  const eventsOf = async (endpoint: typeof all) =>
    (await world.deliveries(endpoint)).map(({ eventId }) => eventId)
  assert.deepEqual(await eventsOf(all), [detected, confirmed, final])
  assert.deepEqual(await eventsOf(finals), [final])

  const event = { id: final ?? '', environment: ENVIRONMENT, depositId: 'dep_a', version: 3 }
  const again = await world.db
    .transaction()
    .execute((tx) =>
      fanOut(tx, ENVIRONMENT, [{ ...event, type: 'deposit.final' }], world.clock.now()),
    )
  assert.equal(again, 0)
})

test('an environment sees its own endpoints and deliveries only', async (t) => {
  const world = await World.create(t)
  const endpoint = await world.endpoint(URL)
  await world.deposit('a')
  const [delivery] = await world.deliveries(endpoint)
  assert.ok(delivery)
  const page = { before: null, limit: 10 }
  assert.equal(await getEndpoint(world.db, 'somebody-else', endpoint.id), null)
  assert.deepEqual(await listEndpoints(world.db, 'somebody-else', { after: null, limit: 10 }), [])
  assert.equal(await getDelivery(world.db, 'somebody-else', delivery.id), null)
  assert.deepEqual(await listDeliveries(world.db, 'somebody-else', {}, page), [])
  const stranger = { environment: 'somebody-else', id: endpoint.id }
  assert.equal(await deleteEndpoint(world.db, stranger, world.clock.now()), null)
  assert.deepEqual(await getEndpoint(world.db, ENVIRONMENT, endpoint.id), endpoint)
  assert.deepEqual(await getDelivery(world.db, ENVIRONMENT, delivery.id), delivery)
})

test('pages follow one another without gap or overlap', async (t) => {
  const world = await World.create(t)
  const endpoints = [
    await world.endpoint(URL),
    await world.endpoint(URL),
    await world.endpoint(URL),
  ]
  const sorted = endpoints.map(({ id }) => id).toSorted((a, b) => (a < b ? -1 : 1))
  const first = await listEndpoints(world.db, ENVIRONMENT, { after: null, limit: 2 })
  const rest = await listEndpoints(world.db, ENVIRONMENT, { after: sorted[1] ?? '', limit: 2 })
  assert.deepEqual(
    [...first, ...rest].map(({ id }) => id),
    sorted,
  )

  await world.deposit('a', 2)
  const seen: number[] = []
  for (let before: number | null = null; ; before = seen.at(-1) ?? null) {
    const page = await listDeliveries(world.db, ENVIRONMENT, {}, { before, limit: 4 })
    if (page.length === 0) break
    seen.push(...page.map(({ id }) => id))
  }
  assert.deepEqual(seen, [6, 5, 4, 3, 2, 1])
})

test('deliveries are filtered by endpoint, event, deposit and state', async (t) => {
  const world = await World.create(t)
  const endpoint = await world.endpoint(URL)
  await world.endpoint(URL)
  await world.deposit('a', 2)
  await world.deposit('b')
  const count = async (filter: Parameters<typeof listDeliveries>[2]) =>
    (await listDeliveries(world.db, ENVIRONMENT, filter, { before: null, limit: 10 })).length
  assert.equal(await count({}), 6)
  assert.equal(await count({ endpointId: endpoint.id }), 3)
  assert.equal(await count({ eventId: 'evt_a_2' }), 2)
  assert.equal(await count({ depositId: 'dep_a' }), 4)
  assert.equal(await count({ depositId: 'dep_a', endpointId: endpoint.id, state: 'pending' }), 2)
  assert.equal(await count({ state: 'dead' }), 0)
})

test('a batch that is written twice counts once', async (t) => {
  const world = await World.create(t)
  const endpoint = await world.endpoint(URL)
  await world.deposit('a')
  const [delivery] = await world.deliveries(endpoint)
  assert.ok(delivery)
  const now = world.clock.now()
  const outcome = {
    kind: 'rejected',
    startedAt: now,
    durationMs: 12,
    status: 500,
    response: Buffer.from([0, 255, 34, 92]),
    error: null,
    retryAfterMs: null,
  } as const
  const batch: BatchResult = {
    endpointId: endpoint.id,
    breaker: CLOSED,
    results: [
      { delivery: { ...delivery, body: '' }, outcome, decision: 'retry', nextAttemptAt: now },
    ],
  }
  for (let write = 1; write <= 2; write += 1) {
    await world.db.transaction().execute((tx) => recordBatch(tx, batch, now))
  }
  const [after] = await world.deliveries(endpoint)
  assert.deepEqual([after?.attempts, after?.attemptsTotal], [1, 1])
  const rows = await world.db.selectFrom('attempt').selectAll().execute()
  assert.deepEqual(
    rows.map(({ response }) => response),
    [Buffer.from([0, 255, 34, 92])],
  )
})

test('an endpoint that is just leaving is handed no further event', async (t) => {
  const world = await World.create(t)
  const endpoint = await world.endpoint(URL)
  await world.deposit('a')
  await world.db
    .transaction()
    .execute(async (tx) => {
      await letIdle(tx)
      await sql`update endpoint set state = 'gone' where id = ${endpoint.id}`.execute(tx)
      const publishing = world.deposit('b')
      // Without the lock the publisher would be through; with it, it waits for this transaction.
      await Promise.race([publishing, untilSomebodyWaits(world.db)])
      return { publishing }
    })
    .then(({ publishing }) => publishing)
  assert.deepEqual(
    (await world.deliveries(endpoint)).map(({ eventId }) => eventId),
    ['evt_a_1'],
  )
})

test('secrets: newest first, the old until it expires, five at most', async (t) => {
  const world = await World.create(t)
  const endpoint = await world.endpoint(URL, 'whsec_0')
  const rotate = (secret: string, overlapMs: number) =>
    world.db
      .transaction()
      .execute((tx) =>
        rotateSecret(tx, { endpointId: endpoint.id, secret, overlapMs }, world.clock.now()),
      )
  const active = () => activeSecrets(world.db, endpoint.id, world.clock.now())
  await rotate('whsec_1', 1_000)
  assert.deepEqual(await active(), ['whsec_1', 'whsec_0'])
  world.clock.advance(1_000)
  assert.deepEqual(await active(), ['whsec_1'])
  for (const name of ['2', '3', '4', '5', '6']) await rotate(`whsec_${name}`, 1_000)
  assert.deepEqual(await active(), ['whsec_6', 'whsec_5', 'whsec_4', 'whsec_3', 'whsec_2'])
  await rotate('whsec_7', 0)
  assert.equal((await active()).includes('whsec_6'), false, 'no overlap: out at once')
})

test('the backlog says what waits, and since when', async (t) => {
  const world = await World.create(t)
  assert.deepEqual(await backlog(world.db), [])
  await world.endpoint(URL)
  const oldest = world.clock.now()
  await world.deposit('a')
  world.clock.advance(60_000)
  await world.deposit('b')
  assert.deepEqual(await backlog(world.db), [{ environment: ENVIRONMENT, pending: 2, oldest }])
})
