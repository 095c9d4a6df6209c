import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCursor } from '../../../src/block/block-store.ts'
import { mine, reorg, signedTransaction } from '../../../src/dev/anvil-control.ts'
import { askProbes } from '../../../src/http/readiness.ts'
import { required } from '../../../src/lib/assert.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { probesOf } from '../../../src/readiness.ts'
import { everything } from '../../support/database.ts'
import {
  ALICE,
  anvilWorld,
  assertMirrorsChain,
  BOB,
  SLOTS,
  UNIT,
  type AnvilWorld,
} from '../../support/anvil-world.ts'
import { ANVIL } from '../../support/flow-world.ts'
import { LaggingNode } from '../../support/lagging-node.ts'
import { resume } from '../../support/halted.ts'

const CHAIN = ANVIL.chain.id

test('a reorg below the finalized block halts the chain, loudly, and changes nothing', async (t) => {
  const world = await anvilWorld(t)
  await finalDepositThenDeepReorg(world)
  const before = await everything(world.db)
  assert.equal(await readinessOf(world), null)
  assert.equal((await world.follow()).at(0), 'halted')
  assert.deepEqual(await everything(world.db), before)

  const cursor = required(await readCursor(world.db, CHAIN), 'the chain has begun')
  assert.equal(cursor.halt?.reason, 'a reorg reaches below the finalized block')
  assert.ok(cursor.halt.ancestor !== null && cursor.finalized !== null)
  assert.ok(cursor.halt.ancestor.height < cursor.finalized.height)
  assert.match(
    (await readinessOf(world)) ?? '',
    /^halted \(a reorg reaches below the finalized block\)/,
  )
  assert.equal(await haltedGauge(world), 1)

  await mine(world.anvil.url, 3)
  assert.deepEqual(
    new Set(await world.follow()),
    new Set(['halted', 'nothing_new', 'waiting_for_chain']),
  )
  assert.deepEqual(await everything(world.db), before)
})

test('a person lets the chain go on: what was final is reversed, and may be final again', async (t) => {
  const world = await anvilWorld(t)
  const { url } = world.anvil
  const again = await finalDepositThenDeepReorg(world)
  await world.follow()
  await resume(world)
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed final reversed detected',
    '5000: detected confirmed final reversed',
  ])
  await assertMirrorsChain(world, [ALICE, BOB])
  assert.equal(await haltedGauge(world), 0)
  assert.equal(await readinessOf(world), null)
  await mine(url, 2 * SLOTS)
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed final reversed detected confirmed final',
    '5000: detected confirmed final reversed',
  ])
  const [deposit] = await world.db
    .selectFrom('deposit')
    .selectAll()
    .where('amount', '=', '10000000')
    .execute()
  assert.equal(`0x${deposit?.tx_hash.toString('hex')}`, again)
})

test('a reorg below the first block we know halts as well: what is left is the block below it', async (t) => {
  const world = await anvilWorld(t, { anvil: { slotsInAnEpoch: 40 }, start: 4 })
  const { url } = world.anvil
  await world.register([ALICE])
  await mine(url, 4)
  await world.pay(ALICE, 10n * UNIT)
  await world.follow()
  await reorg(url, 4)
  assert.equal((await world.follow()).at(0), 'halted')
  const halt = (await readCursor(world.db, CHAIN))?.halt
  assert.equal(halt?.reason, 'a reorg reaches below every header we hold')
  assert.equal(halt.ancestor?.height, 3)
  assert.deepEqual(await world.stories(), ['10: detected'])
})

test('another daemon that meets the halt stays halted as well', async (t) => {
  const world = await anvilWorld(t)
  await finalDepositThenDeepReorg(world)
  await world.follow()
  await world.watch.keeper.release()
  const standby = world.another('second')
  await standby.keeper.tick()
  assert.equal((await standby.follower.tick()).name, 'halted')
  assert.equal((await standby.rescanner.tick()).name, 'nothing_new')
})

test('a head that goes back on the same branch emits nothing', async (t) => {
  const node = new LaggingNode()
  const world = await anvilWorld(t, { http: node })
  await world.register([ALICE])
  await world.pay(ALICE, 10n * UNIT)
  await mine(world.anvil.url, 5)
  await world.pay(ALICE, 200n * UNIT)
  await world.follow()
  const before = await everything(world.db)
  for (const hidden of [1, 3, 6]) {
    node.hidden = hidden
    assert.equal((await world.watch.follower.tick()).name, 'head_lags')
    assert.deepEqual(await everything(world.db), before)
  }
  node.hidden = 0
  assert.equal((await world.watch.follower.tick()).name, 'nothing_new')
  assert.deepEqual(await everything(world.db), before)
})

test('a reorg seen through a replica that lags is followed once the replica shows it', async (t) => {
  const node = new LaggingNode()
  const world = await anvilWorld(t, { http: node })
  await world.register([ALICE])
  await world.pay(ALICE, 200n * UNIT)
  await mine(world.anvil.url, 2)
  await world.follow()
  await reorg(world.anvil.url, 2)
  node.hidden = 2
  assert.equal((await world.watch.follower.tick()).name, 'head_lags')
  node.hidden = 1
  await world.follow()
  await reorg(world.anvil.url, 4)
  node.hidden = 0
  await world.follow()
  assert.deepEqual(await world.stories(), ['200: detected orphaned'])
})

test('a chain that has finalized nothing is followed, and nothing becomes final', async (t) => {
  const node = new LaggingNode()
  node.finalized = null
  const world = await anvilWorld(t, { http: node, start: 'finalized' })
  await world.register([ALICE])
  await world.follow()
  await world.pay(ALICE, 10n * UNIT)
  await world.pay(ALICE, 5_000n * UNIT)
  await mine(world.anvil.url, 3 * SLOTS)
  await world.follow()
  assert.deepEqual(await world.stories(), ['10: detected confirmed', '5000: detected'])
  node.finalized = undefined
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed final',
    '5000: detected confirmed final',
  ])
})

test('a chain that is begun while nothing is known to be final survives a reorg of its head', async (t) => {
  const node = new LaggingNode()
  node.finalized = null
  const world = await anvilWorld(t, { http: node, start: 'finalized' })
  const { url } = world.anvil
  await world.register([ALICE])
  await mine(url, 20)
  await world.follow()
  await reorg(url, 3)
  await world.pay(ALICE, 10n * UNIT)
  const outcomes = await world.follow()
  assert.ok(!outcomes.includes('halted'), outcomes.join())
  assert.deepEqual(await world.stories(), ['10: detected'])
})

test('a finalized block that stalls or goes back takes nothing back', async (t) => {
  const node = new LaggingNode()
  const world = await anvilWorld(t, { http: node })
  await world.register([ALICE])
  await world.pay(ALICE, 10n * UNIT)
  await mine(world.anvil.url, 2 * SLOTS)
  await world.follow()
  const finalized = (await readCursor(world.db, CHAIN))?.finalized
  node.finalized = 0
  await world.pay(ALICE, 11n * UNIT)
  await mine(world.anvil.url, 2 * SLOTS)
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed final',
    '11: detected confirmed',
  ])
  assert.deepEqual((await readCursor(world.db, CHAIN))?.finalized, finalized)
})

/** Two final deposits, then a reorg below both that mines the first one again. Returns its transaction. */
async function finalDepositThenDeepReorg(world: AnvilWorld): Promise<string> {
  const { url } = world.anvil
  await world.register([ALICE, BOB])
  const again = await world.pay(ALICE, 10n * UNIT)
  await world.pay(BOB, 5_000n * UNIT)
  await mine(url, 2 * SLOTS)
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed final',
    '5000: detected confirmed final',
  ])
  const depth = 2 * SLOTS + 2
  await reorg(url, depth, [{ tx: await signedTransaction(url, again), block: depth - 1 }])
  return again
}

async function readinessOf({ db, watch }: AnvilWorld): Promise<string | null> {
  const config = { ...ANVIL, providers: [], websocketUrl: null, start: 0, pollMs: 250 }
  const sights = new Map([[watch.chain.id, watch.follower.sight]])
  const parts = { db, clock: systemClock, chains: [config], refused: new Map(), sights }
  const { chains } = await askProbes(probesOf(parts))
  return chains.find(({ chain }) => chain === 'anvil')?.problem ?? null
}

async function haltedGauge({ metrics }: AnvilWorld): Promise<number | undefined> {
  const gauge = await metrics.registry.getSingleMetric('settled_chain_halted')?.get()
  return gauge?.values[0]?.value
}
