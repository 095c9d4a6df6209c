import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { BlockHeader } from '../../../src/domain/block.ts'
import { SourceError } from '../../../src/domain/source.ts'
import { askProbes } from '../../../src/http/readiness.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { probesOf } from '../../../src/readiness.ts'
import { ANVIL, flowWorld } from '../../support/flow-world.ts'
import { ScriptedChain } from '../../support/scripted-chain.ts'

/** A chain behind one provider, which can die. */
class MortalChain extends ScriptedChain {
  dead = false

  override async head(): Promise<BlockHeader> {
    if (this.dead) throw new SourceError('transient', 'mine: connection refused')
    return super.head()
  }
}

async function mortalWorld(t: TestContext) {
  const chain = new MortalChain()
  let passedMs = 0
  const clock = {
    ...systemClock,
    now: () => new Date(systemClock.now().getTime() + passedMs),
    monotonicMs: () => passedMs,
  }
  const world = await flowWorld(t, chain, { clock })
  const { keeper, follower } = world.watch
  const config = { ...ANVIL, providers: [], websocketUrl: null, start: 0, pollMs: 250 }
  const parts = { db: world.db, clock, chains: [config], refused: new Map() }
  const sights = new Map([[ANVIL.chain.id, follower.sight]])
  return {
    ...world,
    chain,
    pass: (seconds: number) => (passedMs += seconds * 1_000),
    async look() {
      await keeper.tick()
      await follower.tick().catch((error: unknown) => assert.ok(error instanceof SourceError))
    },
    async age() {
      const text = await world.metrics.registry.getSingleMetricAsString(
        'settled_head_look_age_seconds',
      )
      return /^settled_head_look_age_seconds\{chain="anvil"\} (.+)$/m.exec(text)?.[1] ?? null
    },
    readiness: () => askProbes(probesOf({ ...parts, sights })),
  }
}

test('a provider that died shows in the age of the last look, while the lag stands still', async (t) => {
  const world = await mortalWorld(t)
  const { sight } = world.watch.follower
  assert.deepEqual([await world.age(), sight.height], [null, null], 'nobody has looked yet')
  await world.look()
  const { height } = await world.chain.head()
  assert.equal(sight.height, height)
  assert.equal(await world.age(), '0')
  world.chain.dead = true
  world.pass(7)
  await world.look()
  world.pass(5)
  assert.deepEqual([await world.age(), sight.height], ['12', height])
  world.chain.dead = false
  await world.look()
  assert.equal(await world.age(), '0')
})

test('a provider that is dead from the start has an age too', async (t) => {
  const world = await mortalWorld(t)
  world.chain.dead = true
  await world.look()
  world.pass(30)
  assert.equal(await world.age(), '30')
})

test('a standby daemon does not look, so it has no age', async (t) => {
  const world = await mortalWorld(t)
  await world.look()
  await world.watch.keeper.release()
  await world.watch.follower.tick()
  assert.deepEqual([await world.age(), world.watch.follower.sight.height], [null, null])
})

test('readiness tells within a few block times that nobody shows the head, and the API still serves', async (t) => {
  const world = await mortalWorld(t)
  world.chain.mine([])
  await world.look()
  assert.deepEqual(await world.readiness(), {
    ready: true,
    healthy: true,
    database: null,
    chains: [{ chain: 'anvil', problem: null }],
  })
  world.chain.dead = true
  await world.look()
  world.pass(14)
  assert.equal((await world.readiness()).healthy, true, 'one slow answer is no outage')
  world.pass(2)
  const { ready, healthy, chains } = await world.readiness()
  assert.deepEqual([ready, healthy], [true, false])
  assert.match(
    chains[0]?.problem ?? '',
    /^no provider has shown the head for 16 s \(mine: connection refused\): .*settled doctor/,
  )
  world.chain.dead = false
  await world.look()
  assert.equal((await world.readiness()).healthy, true)
})

test('work that takes long after a good look is no blindness', async (t) => {
  const world = await mortalWorld(t)
  await world.look()
  world.pass(55)
  assert.equal((await world.readiness()).healthy, true)
})
