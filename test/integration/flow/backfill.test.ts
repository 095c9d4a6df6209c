import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mine, reorg } from '../../../src/dev/anvil-control.ts'
import { deployBatchPayer, payBatch, TOKEN_ADDRESS } from '../../../src/dev/token/token.ts'
import {
  ALICE,
  anvilWorld,
  assertMirrorsChain,
  BOB,
  SLOTS,
  UNIT,
  type AnvilWorld,
} from '../../support/anvil-world.ts'

test('a database rebuilt from the chain holds the same deposits and events, by the same ids', async (t) => {
  const live = await anvilWorld(t)
  const { url } = live.anvil
  await live.register([ALICE, BOB])
  const payer = await deployBatchPayer(url)
  await live.pay(payer, 1_000n * UNIT)
  const payment = { token: TOKEN_ADDRESS, to: ALICE, amount: 10n * UNIT }
  for (let round = 0; round < 30; round += 1) {
    await live.pay(round % 2 === 0 ? ALICE : BOB, BigInt(10 + round * 20) * UNIT)
    if (round % 10 === 0) await payBatch(url, payer, [payment, payment])
    await mine(url, 3)
    await live.follow()
  }
  await mine(url, 2 * SLOTS)
  const outcomes = await live.follow()
  assert.ok(!outcomes.includes('backfilled'), 'the first world followed block by block')

  const rebuilt = await anvilWorld(t, { node: live.anvil })
  await rebuilt.register([ALICE, BOB])
  assert.ok((await rebuilt.follow()).includes('backfilled'))
  await assertMirrorsChain(rebuilt, [ALICE, BOB])
  const facts = await factsOf(rebuilt)
  assert.deepEqual(facts, await factsOf(live))
  assert.equal(facts.deposits.length, 30 + 3 * 2)
  assert.equal(facts.events.length, 3 * facts.deposits.length)
})

test('rebuilt after reorgs: what the final branch holds has the ids it had', async (t) => {
  const live = await anvilWorld(t)
  const { url } = live.anvil
  await live.register([ALICE])
  await live.pay(ALICE, 10n * UNIT)
  await live.pay(ALICE, 20n * UNIT)
  await live.follow()
  await reorg(url, 1)
  await live.pay(ALICE, 30n * UNIT)
  await mine(url, 80)
  await live.follow()
  const rebuilt = await anvilWorld(t, { node: live.anvil })
  await rebuilt.register([ALICE])
  await rebuilt.follow()
  const [before, after] = [await factsOf(live), await factsOf(rebuilt)]
  assert.deepEqual(await rebuilt.stories(), [
    '10: detected confirmed final',
    '30: detected confirmed final',
  ])
  const known = new Set([...before.deposits, ...before.events])
  assert.deepEqual(
    [...after.deposits, ...after.events].filter((fact) => !known.has(fact)),
    [],
  )
})

test('a start at a height leaves the history below it alone', async (t) => {
  const world = await anvilWorld(t, { start: 4 })
  await world.register([ALICE])
  for (const amount of [10n, 11n, 12n, 13n]) await world.pay(ALICE, amount * UNIT)
  await world.follow()
  assert.deepEqual(await world.stories(), ['12: detected confirmed', '13: detected'])
  const cursor = await world.db
    .selectFrom('chain_cursor')
    .select(['start_height', 'height'])
    .executeTakeFirstOrThrow()
  assert.deepEqual(cursor, { start_height: 4, height: 5 })
})

test('a start height that the chain has not reached is waited for', async (t) => {
  const world = await anvilWorld(t, { start: 10 })
  await world.register([ALICE])
  await world.pay(ALICE, 10n * UNIT)
  assert.deepEqual((await world.follow()).slice(0, 1), ['waiting_for_start'])
  await mine(world.anvil.url, 8)
  await world.follow()
  assert.deepEqual(await world.stories(), [])
  await world.pay(ALICE, 11n * UNIT)
  await world.follow()
  assert.deepEqual(await world.stories(), ['11: detected'])
})

test('far behind after a pause: history in ranges, the rest block by block, nothing twice', async (t) => {
  const world = await anvilWorld(t)
  const { url } = world.anvil
  await world.register([ALICE])
  await world.pay(ALICE, 10n * UNIT)
  await world.follow()
  await mine(url, 100)
  await world.pay(ALICE, 5_000n * UNIT)
  await mine(url, 100)
  await world.pay(ALICE, 20n * UNIT)
  const outcomes = new Set(await world.follow())
  assert.ok(outcomes.has('backfilled') && outcomes.has('connected'))
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed final',
    '5000: detected confirmed final',
    '20: detected',
  ])
  await assertMirrorsChain(world, [ALICE])
})

test('a reorg while the daemon was far behind is followed before history is read', async (t) => {
  const world = await anvilWorld(t)
  const { url } = world.anvil
  await world.register([ALICE])
  await world.pay(ALICE, 10n * UNIT)
  await world.pay(ALICE, 20n * UNIT)
  await world.follow()
  await reorg(url, 1)
  await world.pay(ALICE, 30n * UNIT)
  await mine(url, 150)
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed final',
    '20: detected orphaned',
    '30: detected confirmed final',
  ])
  await assertMirrorsChain(world, [ALICE])
})

/** What a rebuild must reproduce; our own times are not part of it. */
async function factsOf({ db }: AnvilWorld): Promise<{ deposits: string[]; events: string[] }> {
  const deposits = await db.selectFrom('deposit').selectAll().execute()
  const events = await db.selectFrom('event').selectAll().execute()
  return {
    deposits: deposits
      .map((row) => `${row.id} ${row.amount} ${row.height} ${row.block_time.toISOString()}`)
      .toSorted(),
    events: events.map((row) => `${row.id} ${row.deposit_id} ${row.type}`).toSorted(),
  }
}
