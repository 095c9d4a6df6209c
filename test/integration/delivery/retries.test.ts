import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dueEndpoints } from '../../../src/delivery/delivery-store.ts'
import { listAttempts } from '../../../src/delivery/delivery-page-store.ts'
import { rotateSecret, updateEndpoint } from '../../../src/delivery/endpoint-store.ts'
import { replay } from '../../../src/delivery/replay-store.ts'
import { newSecret } from '../../../src/delivery/signature.ts'
import { systemRandom } from '../../../src/lib/random.ts'
import { ENVIRONMENT, World, type Daemon } from './world.ts'

const FAIL = { kind: 'status', status: 500 } as const
const ACCEPT = { kind: 'accept' } as const
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** Longer than any pause of the schedule or the breaker. */
const LONG_MS = 25 * 60 * MINUTE_MS

async function runOut(world: World, daemon: Daemon): Promise<void> {
  for (let attempt = 1; attempt <= 12; attempt += 1) {
    await daemon.run()
    world.clock.advance(LONG_MS)
  }
}

test('after the tenth attempt a delivery is dead and its successor goes ahead', async (t) => {
  const world = await World.create(t)
  const { endpoint, receiver } = await world.consumer()
  const [first, second] = await world.deposit('a', 2)
  receiver.behave(({ id }) => (id === first ? FAIL : ACCEPT))
  await runOut(world, world.daemon('one'))

  assert.deepEqual(
    receiver.received.map(({ id }) => id),
    [...Array.from({ length: 10 }, () => first), second],
  )
  const [dead, delivered] = await world.deliveries(endpoint)
  assert.equal(dead?.state, 'dead')
  assert.equal(dead?.attempts, 10)
  assert.equal(delivered?.state, 'delivered')
  const attempts = await listAttempts(world.db, dead?.id ?? 0)
  assert.deepEqual(
    attempts.map(({ number }) => number),
    [10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
  )
})

test('every attempt carries the time of that attempt', async (t) => {
  const world = await World.create(t)
  const { receiver } = await world.consumer()
  receiver.behave(FAIL, 1)
  await world.deposit('a')
  const daemon = world.daemon('one')
  await daemon.run()
  world.clock.advance(5_000)
  await daemon.run()
  const [before, after] = receiver.received
  assert.ok(before && after)
  assert.equal(after.timestampSeconds - before.timestampSeconds, 5)
  assert.equal(after.body, before.body)
  assert.notEqual(after.signature, before.signature)
})

test('a dead letter is replayed under its own id, in a new round, with its history kept', async (t) => {
  const world = await World.create(t)
  const { endpoint, receiver } = await world.consumer()
  const [eventId] = await world.deposit('a')
  assert.ok(eventId)
  receiver.behave(FAIL)
  const daemon = world.daemon('one')
  await runOut(world, daemon)
  receiver.behave(ACCEPT)
  assert.equal(await replay(world.db, ENVIRONMENT, { eventId }, world.clock.now()), 1)
  const [waiting] = await world.deliveries(endpoint)
  assert.deepEqual([waiting?.state, waiting?.attempts, waiting?.attemptsTotal], ['pending', 0, 10])
  await daemon.run()

  assert.deepEqual([...receiver.processed.keys()], [eventId])
  const [delivered] = await world.deliveries(endpoint)
  assert.deepEqual(
    [delivered?.state, delivered?.attempts, delivered?.attemptsTotal],
    ['delivered', 1, 11],
  )
  assert.equal((await listAttempts(world.db, delivered?.id ?? 0)).length, 11)
})

test('a range is replayed in order with the same ids, also to an endpoint that is younger', async (t) => {
  const world = await World.create(t)
  const first = await world.consumer()
  const a = await world.deposit('a', 3)
  const b = await world.deposit('b', 3)
  const daemon = world.daemon('one')
  await daemon.run()
  const younger = await world.consumer()
  const now = world.clock.now()
  const range = (endpointId: string) => ({ endpointId, fromSeq: 2, toSeq: 5 })
  assert.equal(await replay(world.db, ENVIRONMENT, range(first.endpoint.id), now), 4)
  assert.equal(await replay(world.db, ENVIRONMENT, range(younger.endpoint.id), now), 4)
  await daemon.run()

  const asked = [a[1], a[2], b[0], b[1]]
  const again = first.receiver.received.slice(6).map(({ id }) => id)
  assert.deepEqual(new Set(again), new Set(asked))
  assert.deepEqual(new Set(younger.receiver.processed.keys()), new Set(asked))
  assert.deepEqual(younger.receiver.disorder, [])
})

test('a replay reaches into no other environment, revives no retired endpoint and has a limit', async (t) => {
  const world = await World.create(t)
  const { endpoint, receiver } = await world.consumer()
  const [eventId] = await world.deposit('a')
  assert.ok(eventId)
  receiver.behave({ kind: 'status', status: 410 })
  await world.daemon('one').run()
  const now = world.clock.now()
  const [delivery] = await world.deliveries(endpoint)
  const deliveryId = delivery?.id ?? 0
  const range = { endpointId: endpoint.id, fromSeq: 1, toSeq: 10_000 }
  for (const environment of [ENVIRONMENT, 'somebody-else']) {
    assert.equal(await replay(world.db, environment, { eventId }, now), 0)
    assert.equal(await replay(world.db, environment, { deliveryId }, now), 0)
    assert.equal(await replay(world.db, environment, range, now), 0)
  }
  const owner = { environment: ENVIRONMENT, id: endpoint.id }
  await updateEndpoint(world.db, owner, { state: 'enabled' }, now)
  for (const what of [{ eventId }, { deliveryId }, range]) {
    assert.equal(await replay(world.db, 'somebody-else', what, now), 0)
    assert.equal(await replay(world.db, ENVIRONMENT, what, now), 1)
  }
  await assert.rejects(replay(world.db, ENVIRONMENT, { ...range, toSeq: 10_001 }, now), {
    code: 'invalid_request',
  })
})

test('both secrets sign while a rotation overlaps, one before and one after', async (t) => {
  const world = await World.create(t)
  const { endpoint, receiver, secret: old } = await world.consumer()
  const current = newSecret(systemRandom)
  receiver.behave(FAIL, 2)
  await world.deposit('a')
  const daemon = world.daemon('one')
  await daemon.run()
  await world.db.transaction().execute((tx) => {
    const rotation = { endpointId: endpoint.id, secret: current, overlapMs: DAY_MS }
    return rotateSecret(tx, rotation, world.clock.now())
  })
  receiver.trust([current])
  world.clock.advance(5_000)
  await daemon.run()
  receiver.trust([old])
  world.clock.advance(5 * MINUTE_MS)
  await daemon.run()
  assert.deepEqual(
    receiver.received.map(({ signature }) => signature.split(' ').length),
    [1, 2, 2],
  )
  assert.equal(receiver.processed.size, 1)

  world.clock.advance(DAY_MS)
  await world.deposit('b')
  await daemon.run()
  assert.deepEqual(receiver.refused, ['evt_b_1'], 'the old secret has stopped signing')
  receiver.trust([current])
  world.clock.advance(5_000)
  await daemon.run()
  assert.equal(receiver.processed.size, 2)
})

test('the breaker opens after five failures, spends no attempts, and lets one probe through', async (t) => {
  const world = await World.create(t)
  const { endpoint, receiver } = await world.consumer()
  receiver.behave(FAIL)
  const daemon = world.daemon('one')
  for (const name of ['a', 'b', 'c', 'd', 'e']) await world.deposit(name)
  await daemon.run()
  assert.equal(receiver.received.length, 5)
  const opened = await world.endpointNow(endpoint)
  assert.deepEqual(opened.breaker.openUntil, new Date(world.clock.now().getTime() + 30_000))

  await world.deposit('f')
  world.clock.advance(29_999)
  await daemon.run()
  assert.equal(receiver.received.length, 5, 'open')
  world.clock.advance(1)
  await daemon.run()
  assert.equal(receiver.received.length, 6, 'half-open: one probe although six are due')
  world.clock.advance(59_999)
  await daemon.run()
  assert.equal(receiver.received.length, 6, 'open again, for twice as long')

  receiver.behave(ACCEPT)
  world.clock.advance(1)
  await daemon.run()
  assert.equal(receiver.processed.size, 6, 'closed: all that waited')
  const closed = await world.endpointNow(endpoint)
  assert.deepEqual(closed.breaker, { failures: 0, openUntil: null })
})

test('a backlog does not burn its attempts on an endpoint that breaks', async (t) => {
  const world = await World.create(t)
  const { endpoint, receiver } = await world.consumer()
  receiver.behave(FAIL)
  for (let deposit = 0; deposit < 60; deposit += 1) await world.deposit(`d${deposit}`)
  await world.daemon('one').run()
  const attempted = receiver.received.length
  assert.ok(
    attempted >= 5 && attempted <= 20,
    `${attempted}: five, and at most 15 under way beside`,
  )
  const untouched = (await world.deliveries(endpoint)).filter(({ attempts }) => attempts === 0)
  assert.equal(untouched.length, 60 - attempted)
  assert.equal((await world.endpointNow(endpoint)).breaker.failures, 5)
})

test('a disabled endpoint is left alone, and gets what waited once it is enabled', async (t) => {
  const world = await World.create(t)
  const { endpoint, receiver } = await world.consumer()
  const owner = { environment: ENVIRONMENT, id: endpoint.id }
  await world.deposit('a')
  await updateEndpoint(world.db, owner, { state: 'disabled' }, world.clock.now())
  await world.deposit('b')
  const daemon = world.daemon('one')
  await daemon.run()
  assert.equal(receiver.received.length, 0)
  await updateEndpoint(world.db, owner, { state: 'enabled' }, world.clock.now())
  await daemon.run()
  assert.deepEqual([...receiver.processed.keys()], ['evt_a_1'])
})

test('what waits behind a delivery in back-off does not make its endpoint due', async (t) => {
  const world = await World.create(t)
  const { receiver } = await world.consumer()
  const daemon = world.daemon('one')
  receiver.behave({ kind: 'status', status: 500 }, 2)
  await world.deposit('a', 2)
  await daemon.run()
  await world.event('dep_a', 3)
  assert.deepEqual(await dueEndpoints(world.db, world.clock.now(), 10), [])

  world.clock.advance(60_000)
  await daemon.run()
  world.clock.advance(10 * 60_000)
  await daemon.run()
  assert.deepEqual(
    [...receiver.processed.values()].map(({ version }) => version),
    [1, 2, 3],
  )
  assert.deepEqual(receiver.disorder, [])
})
