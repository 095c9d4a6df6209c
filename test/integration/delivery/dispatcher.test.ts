import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listAttempts } from '../../../src/delivery/delivery-page-store.ts'
import { World } from './world.ts'

const ids = (received: readonly { id: string }[]) => received.map(({ id }) => id)

test('an event reaches its endpoint, signed, and the attempt is on record', async (t) => {
  const world = await World.create(t)
  const { endpoint, receiver } = await world.consumer()
  const [eventId] = await world.deposit('a')
  await world.daemon('one').run()

  assert.deepEqual(ids(receiver.received), [eventId])
  assert.deepEqual(receiver.refused, [])
  const [delivery] = await world.deliveries(endpoint)
  assert.ok(delivery)
  assert.equal(delivery.state, 'delivered')
  assert.equal(delivery.attempts, 1)
  const [attempt] = await listAttempts(world.db, delivery.id)
  assert.ok(attempt)
  assert.equal(attempt.kind, 'delivered')
  assert.equal(attempt.status, 200)
  assert.equal(attempt.response?.toString(), 'thanks')
  assert.equal(world.logged.filter(({ msg }) => msg === 'delivery.attempted').length, 1)
})

test('the versions of a deposit arrive in order although one fails in the middle', async (t) => {
  const world = await World.create(t)
  const { receiver } = await world.consumer()
  const a = await world.deposit('a', 3)
  const b = await world.deposit('b', 3)
  let refusals = 2
  receiver.behave(({ id }) =>
    id === a[1] && refusals-- > 0 ? { kind: 'status', status: 500 } : { kind: 'accept' },
  )
  const daemon = world.daemon('one')
  await daemon.run()
  assert.deepEqual(new Set(receiver.processed.keys()), new Set([a[0], ...b]))
  assert.deepEqual(
    receiver.received.filter(({ id }) => id === a[2]),
    [],
    'version 3 waits for 2',
  )

  world.clock.advance(5_000)
  await daemon.run()
  world.clock.advance(300_000)
  await daemon.run()
  assert.deepEqual(
    receiver.received
      .filter(({ depositId }) => depositId === 'dep_a')
      .map(({ version }) => version),
    [1, 2, 2, 2, 3],
  )
  assert.deepEqual(receiver.disorder, [])
})

test('an endpoint that hangs holds up nobody else', async (t) => {
  const world = await World.create(t)
  const stuck = await world.consumer()
  const healthy = await world.consumer()
  stuck.receiver.behave({ kind: 'hang' })
  for (const name of ['a', 'b', 'c']) await world.deposit(name, 3)
  const { keeper, dispatcher, lanes } = world.daemon('one')
  await keeper.tick()
  await dispatcher.tick()
  const hanging = lanes.of(stuck.endpoint).tick()
  await stuck.receiver.arrived(3)

  const lane = lanes.of(healthy.endpoint)
  while ((await lane.tick()).pace === 'busy');
  assert.equal(healthy.receiver.processed.size, 9)
  assert.equal(lanes.of(stuck.endpoint).working, true)

  world.clock.advance(15_000)
  assert.deepEqual(await hanging, { pace: 'busy', name: 'attempted' })
  const deliveries = await world.deliveries(stuck.endpoint)
  assert.deepEqual(
    deliveries.map(({ attempts }) => attempts),
    [1, 0, 0, 1, 0, 0, 1, 0, 0],
  )
  const [attempt] = await listAttempts(world.db, deliveries[0]?.id ?? 0)
  assert.equal(attempt?.kind, 'timeout')
  assert.equal(attempt?.durationMs, 15_000)
})

test('nor does it hold up an endpoint on the same host', async (t) => {
  const world = await World.create(t)
  const { endpoint, receiver, secret } = await world.consumer()
  const neighbour = await world.endpoint(`${receiver.url}neighbour`, secret)
  receiver.behave(({ path }) => (path === '/' ? { kind: 'hang' } : { kind: 'accept' }))
  for (let deposit = 0; deposit < 20; deposit += 1) await world.deposit(`d${deposit}`)
  const { keeper, dispatcher, lanes } = world.daemon('one')
  await keeper.tick()
  await dispatcher.tick()
  const hanging = lanes.of(endpoint).tick()
  await receiver.arrived(16)
  await lanes.of(neighbour).tick()
  assert.equal(receiver.received.filter(({ path }) => path === '/neighbour').length, 20)
  world.clock.advance(15_000)
  await hanging
})

test('410 switches the endpoint off and gives up what still waits for it', async (t) => {
  const world = await World.create(t)
  const { endpoint, receiver } = await world.consumer()
  receiver.behave({ kind: 'status', status: 410 })
  await world.deposit('a', 3)
  const daemon = world.daemon('one')
  await daemon.run()
  await world.deposit('b')
  world.clock.advance(86_400_000)
  await daemon.run()

  assert.equal((await world.endpointNow(endpoint)).state, 'gone')
  assert.equal(receiver.received.length, 1)
  assert.deepEqual(
    (await world.deliveries(endpoint)).map(({ state, attempts }) => [state, attempts]),
    [
      ['dead', 1],
      ['dead', 0],
      ['dead', 0],
    ],
  )
  const text = await daemon.metrics.registry.metrics()
  assert.match(text, /^settled_deliveries_dead_total 3$/m, 'each of them is a dead letter')
  const retired = world.logged.filter(({ msg }) => msg.startsWith('endpoint retired'))
  assert.equal(retired.length, 1)
})

test('429 with Retry-After leaves the whole endpoint alone for that long', async (t) => {
  const world = await World.create(t)
  const { receiver } = await world.consumer()
  receiver.behave({ kind: 'status', status: 429, headers: { 'retry-after': '120' } }, 1)
  await world.deposit('a')
  const daemon = world.daemon('one')
  await daemon.run()
  await world.deposit('b')
  world.clock.advance(119_000)
  await daemon.run()
  assert.equal(receiver.received.length, 1)
  world.clock.advance(1_000)
  await daemon.run()
  assert.equal(receiver.processed.size, 2)
})

test('an event that was sent but not recorded is sent again, under the same id', async (t) => {
  const world = await World.create(t)
  const { endpoint, receiver } = await world.consumer()
  const [eventId] = await world.deposit('a')
  const crashing = {
    send: async (request: Parameters<typeof world.sink.send>[0]) => {
      await world.sink.send(request)
      throw new Error('the daemon dies here')
    },
    close: () => Promise.resolve(),
  }
  const first = world.daemon('one', crashing)
  await assert.rejects(first.run(), /dies here/)
  assert.deepEqual(
    (await world.deliveries(endpoint)).map(({ state }) => state),
    ['pending'],
  )

  await first.dispatcher.close()
  await first.keeper.release()
  await world.daemon('two').run()
  assert.deepEqual(ids(receiver.received), [eventId, eventId])
  assert.equal(receiver.processed.size, 1)
  assert.deepEqual(
    (await world.deliveries(endpoint)).map(({ state }) => state),
    ['delivered'],
  )
})

test('a dispatcher that lost its lease while it sent cannot record', async (t) => {
  const world = await World.create(t)
  const { endpoint, receiver } = await world.consumer(world.clock)
  receiver.behave({ kind: 'late', afterMs: 1_000 }, 1)
  await world.deposit('a')
  const stale = world.daemon('stale')
  await stale.keeper.tick()
  await stale.dispatcher.tick()
  const sending = stale.lanes.of(endpoint).tick()
  await receiver.arrived(1)
  await world.db
    .updateTable('lease')
    .set({ expires_at: new Date(0) })
    .execute()
  const successor = world.daemon('successor')
  await successor.keeper.tick()
  await successor.dispatcher.tick()

  world.clock.advance(1_000)
  assert.deepEqual(await sending, { pace: 'idle', name: 'lease_lost' })
  assert.deepEqual(
    (await world.deliveries(endpoint)).map(({ attempts }) => attempts),
    [0],
  )
  await successor.run()
  assert.deepEqual(
    (await world.deliveries(endpoint)).map(({ state }) => state),
    ['delivered'],
  )
})

test('of two dispatchers one sends', async (t) => {
  const world = await World.create(t)
  const { receiver } = await world.consumer()
  await world.deposit('a', 3)
  const one = world.daemon('one')
  const two = world.daemon('two')
  await one.keeper.tick()
  await one.dispatcher.tick()
  assert.deepEqual(await two.dispatcher.tick(), { pace: 'idle', name: 'standby' })
  await Promise.all([one.run(), two.run()])
  assert.equal(receiver.received.length, 3)
})

test('a daemon that was paused past its lease sends nothing before it has asked again', async (t) => {
  const world = await World.create(t)
  const { endpoint, receiver } = await world.consumer()
  await world.deposit('a')
  const { keeper, dispatcher, lanes } = world.daemon('one')
  await keeper.tick()
  await dispatcher.tick()
  world.clock.advance(9_000)
  assert.deepEqual(await lanes.of(endpoint).tick(), { pace: 'idle', name: 'standby' })
  assert.equal(receiver.received.length, 0)
})
