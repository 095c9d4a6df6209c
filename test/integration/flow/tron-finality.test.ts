import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCursor } from '../../../src/block/block-store.ts'
import { required } from '../../../src/lib/assert.ts'
import { everything } from '../../support/database.ts'
import { ALICE, BOB, UNIT } from '../../support/anvil-world.ts'
import { DEVNET, SOLID_LAG } from '../../support/devnet-chain.ts'
import { assertMirrorsDevnet, devnetWorld, type DevnetWorld } from '../../support/devnet-world.ts'
import { resume } from '../../support/halted.ts'

const CHAIN = DEVNET.chain.id

/** One payment in each band of `THREE_BANDS`, all in the newest block. */
async function payEachBand(world: DevnetWorld): Promise<void> {
  await world.register([ALICE])
  for (const units of [50n, 500n, 5_000n]) await world.pay(ALICE, units * UNIT)
  world.devnet.mine()
  await world.follow()
}

test('each band confirms by its own rule, and solidification makes all of them final', async (t) => {
  const world = await devnetWorld(t)
  await payEachBand(world)
  const lives = [['50: detected', '500: detected', '5000: detected']]
  // Block by block: one confirmation more with each.
  for (let above = 1; above <= 9; above += 1) {
    world.devnet.mine()
    await world.follow()
    lives.push(await world.stories())
  }
  const at = (above: number) => lives[above]
  assert.deepEqual(at(0), ['50: detected', '500: detected', '5000: detected'])
  assert.deepEqual(at(1), ['50: detected confirmed', '500: detected', '5000: detected'])
  assert.deepEqual(at(SOLID_LAG - 1), at(1))
  assert.deepEqual(at(SOLID_LAG), [
    '50: detected confirmed final',
    '500: detected',
    '5000: detected confirmed final',
  ])
  assert.deepEqual(at(7), at(SOLID_LAG))
  // The ninth confirmation is the eighth block on top.
  assert.deepEqual(at(8), [
    '50: detected confirmed final',
    '500: detected confirmed final',
    '5000: detected confirmed final',
  ])
  assert.deepEqual(at(9), at(8))
  await assertMirrorsDevnet(world, [ALICE])
})

test('solidification that stalls holds finals, and only finals, and goes on afterwards', async (t) => {
  const world = await devnetWorld(t)
  await world.register([ALICE])
  await world.mined(ALICE, 10n * UNIT)
  world.devnet.mine(SOLID_LAG)
  await world.follow()
  const before = required(await readCursor(world.db, CHAIN), 'the chain has begun').finalized
  world.devnet.solidLag = 1_000
  await world.mined(ALICE, 50n * UNIT)
  await world.mined(ALICE, 5_000n * UNIT)
  for (let round = 0; round < 5; round += 1) {
    world.devnet.mine(10)
    await world.follow()
  }
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed final',
    '50: detected confirmed',
    '5000: detected',
  ])
  assert.deepEqual((await readCursor(world.db, CHAIN))?.finalized, before)
  world.devnet.solidLag = SOLID_LAG
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed final',
    '50: detected confirmed final',
    '5000: detected confirmed final',
  ])
})

test('a stall beyond the reorg window, and switches deeper than that during it', async (t) => {
  const world = await devnetWorld(t)
  await world.register([ALICE])
  world.devnet.mine(SOLID_LAG)
  await world.follow()
  world.devnet.solidLag = 1_000
  const kept = await world.mined(ALICE, 5_000n * UNIT)
  const payment = world.devnet.head.height
  const depth = DEVNET.chain.reorgWindow + 12
  world.devnet.mine(depth)
  await world.follow()
  world.devnet.fork(depth - 20)
  await world.follow()
  world.devnet.fork(world.devnet.head.height - payment + 1, [{ tx: kept, block: 0 }])
  await world.follow()
  world.devnet.solidLag = SOLID_LAG
  await world.follow()
  assert.deepEqual(await world.stories(), ['5000: detected orphaned detected confirmed final'])
  await assertMirrorsDevnet(world, [ALICE])
})

test('a chain that is followed from its solid block, and one that is caught up with in ranges', async (t) => {
  for (const jsonrpc of [false, true]) {
    const world = await devnetWorld(t, { start: 0, jsonrpc })
    await world.register([ALICE, BOB])
    await world.mined(ALICE, 50n * UNIT)
    world.devnet.mine(150)
    await world.mined(BOB, 5_000n * UNIT)
    world.devnet.mine(20)
    await world.mined(BOB, 500n * UNIT)
    const outcomes = await world.follow()
    assert.ok(outcomes.includes('backfilled'), outcomes.join())
    assert.deepEqual(await world.stories(), [
      '50: detected confirmed final',
      '500: detected',
      '5000: detected confirmed final',
    ])
    await assertMirrorsDevnet(world, [ALICE, BOB])
    const receipts = world.main.requests.get('eth_getBlockReceipts') ?? 0
    assert.equal(receipts > 0, jsonrpc)
  }
})

test('a switch below the solid block halts the chain, and nothing changes', async (t) => {
  const world = await devnetWorld(t)
  await finalThenDeepSwitch(world)
  const before = await everything(world.db)
  assert.equal((await world.follow()).at(0), 'halted')
  world.devnet.mine(3)
  await world.follow()
  assert.deepEqual(await everything(world.db), before)
  const cursor = required(await readCursor(world.db, CHAIN), 'the chain has begun')
  assert.equal(cursor.halt?.reason, 'a reorg reaches below the finalized block')
  assert.ok(cursor.halt.ancestor !== null && cursor.finalized !== null)
  assert.ok(cursor.halt.ancestor.height < cursor.finalized.height)
})

test('a person lets it go on: what was final is reversed, and what is there again is final again', async (t) => {
  const world = await devnetWorld(t)
  await finalThenDeepSwitch(world)
  await world.follow()
  await resume(world, CHAIN)
  world.devnet.mine(SOLID_LAG + 4)
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '50: detected confirmed final reversed detected confirmed final',
    '5000: detected confirmed final reversed',
  ])
  await assertMirrorsDevnet(world, [ALICE])
})

/** Two final deposits, and a switch below both of them that keeps the first. */
async function finalThenDeepSwitch(world: DevnetWorld): Promise<void> {
  await world.register([ALICE])
  const kept = await world.mined(ALICE, 50n * UNIT)
  await world.mined(ALICE, 5_000n * UNIT)
  world.devnet.mine(SOLID_LAG)
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '50: detected confirmed final',
    '5000: detected confirmed final',
  ])
  world.devnet.fork(SOLID_LAG + 2, [{ tx: kept, block: SOLID_LAG }])
}
