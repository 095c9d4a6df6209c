import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Dispatcher } from '../../../src/delivery/dispatcher.ts'
import { LaneLoops } from '../../../src/delivery/lane-loops.ts'
import { runLoop, type Failing } from '../../../src/lib/loop.ts'
import { systemRandom } from '../../../src/lib/random.ts'
import { acquireLease } from '../../../src/store/lease.ts'
import { LeaseKeeper } from '../../../src/store/lease-keeper.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { Report } from '../../../src/telemetry/report.ts'
import { World } from './world.ts'

/** A dispatcher in loops, as the daemon runs it; idle it sleeps on a clock that stands still. */
async function start(world: World) {
  const { clock, db, sink } = world
  const errors: unknown[] = []
  const onError = (_actor: unknown, { error }: Failing) => errors.push(error)
  const pace = { clock, idleMs: 1_000, errorMsMax: 1_000, onError }
  const lanes = new LaneLoops(pace)
  const report = new Report(createLogger({ level: 'silent' }), new Metrics())
  const env = { clock, random: systemRandom }
  const keeper = new LeaseKeeper('delivery', 'one', { db, env, report })
  await keeper.tick()
  const dispatcher = new Dispatcher({ db, sink, env, report, lease: keeper.current, lanes })
  const stopping = new AbortController()
  const done = runLoop(dispatcher, { ...pace, signal: stopping.signal, wake: dispatcher.wake })
  const stop = async () => {
    stopping.abort()
    await done
    await dispatcher.close()
    await keeper.release()
  }
  return { dispatcher, errors, stop }
}

test('ringing is enough: nothing waits for a poll', async (t) => {
  const world = await World.create(t)
  const { receiver } = await world.consumer()
  const { dispatcher, errors, stop } = await start(world)
  for (const [count, name] of ['a', 'b', 'c'].entries()) {
    await world.deposit(name)
    dispatcher.wake.ring()
    await receiver.arrived(count + 1)
  }
  await stop()
  assert.equal(receiver.processed.size, 3)
  assert.deepEqual(errors, [])
})

test('closing ends what is under way, records it, starts nothing and hands the lease over', async (t) => {
  const world = await World.create(t)
  const { endpoint, receiver } = await world.consumer(world.clock)
  receiver.behave({ kind: 'late', afterMs: 500 })
  for (let deposit = 0; deposit < 20; deposit += 1) await world.deposit(`d${deposit}`)
  const { errors, stop } = await start(world)
  await receiver.arrived(16)
  const stopped = stop()
  world.clock.advance(500)
  await stopped
  const states = (await world.deliveries(endpoint)).map(({ state }) => state)
  assert.deepEqual(states, [
    ...Array.from({ length: 16 }, () => 'delivered'),
    ...Array.from({ length: 4 }, () => 'pending'),
  ])
  assert.deepEqual(errors, [])
  assert.notEqual(await acquireLease(world.db, 'delivery', 'two'), null)
})
