import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import type { Halt } from '../../../src/block/block-store.ts'
import { stakesAbove } from '../../../src/confirmation/deposit-read-store.ts'
import { headHeight, mine, reorg, signedTransaction } from '../../../src/dev/anvil-control.ts'
import { required } from '../../../src/lib/assert.ts'
import { toHex, type Hex } from '../../../src/lib/hex.ts'
import { everything } from '../../support/database.ts'
import {
  ALICE,
  anvilWorld,
  assertMirrorsChain,
  BOB,
  UNIT,
  type AnvilWorld,
} from '../../support/anvil-world.ts'
import { ANVIL } from '../../support/flow-world.ts'
import { cursorOf, resume } from '../../support/halted.ts'

/** Reorgs below every header that links to our tip: after a backfill there are none below the finalized block. */

const CHAIN = ANVIL.chain.id
/** Far more than a daemon reads block by block. */
const LONG = 150

const ALL_FINAL = [
  '10: detected confirmed final',
  '20: detected confirmed final',
  '5000: detected confirmed final',
]

test('the halt names how deep it goes and what it concerns, and nothing changes', async (t) => {
  const world = await backfilledWorld(t)
  await reorgAbove(world.kept, world)
  const before = await everything(world.db)
  assert.equal((await world.follow()).at(0), 'halted')
  assert.deepEqual(await everything(world.db), before)

  const { halt, height } = await haltOf(world)
  assert.equal(halt.reason, 'a reorg reaches below every header we hold')
  assert.deepEqual(halt.ancestor, await blockOf(world, 10n))
  assert.deepEqual(halt.gone, await blockOf(world, 20n))
  assert.ok(height - required(halt.ancestor, 'told').height > LONG)
  const stakes = await stakesAbove(world.db, CHAIN, required(halt.ancestor, 'told').height)
  assert.deepEqual(
    stakes.map(({ state, deposits, amount }) => [state, deposits, amount]),
    [['final', 2, 5_020n * UNIT]],
  )

  await mine(world.anvil.url, 3)
  await world.follow()
  assert.deepEqual(await everything(world.db), before, 'it waits for a person')
})

test('resumed, what is gone is reversed once, what is there again is found, and the rest is untouched', async (t) => {
  const world = await backfilledWorld(t)
  const untouched = await depositOf(world, 10n)
  await reorgAbove(world.kept, world)
  await world.pay(BOB, 30n * UNIT)
  await world.follow()
  await resume(world)
  assert.ok((await world.follow()).includes('reorganised'))
  await mine(world.anvil.url, 20)
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed final',
    '20: detected confirmed final reversed detected confirmed final',
    '5000: detected confirmed final reversed',
    '30: detected confirmed final',
  ])
  assert.deepEqual(await depositOf(world, 10n), untouched)
  await assertMirrorsChain(world, [ALICE, BOB])
  assert.equal((await cursorOf(world)).halt, null)

  const before = await everything(world.db)
  await world.follow()
  assert.deepEqual(await everything(world.db), before, 'nothing is said twice')
})

test('what a rescan had found in blocks that are gone leaves with them', async (t) => {
  const world = await backfilledWorld(t, { isBobLate: true })
  await reorgAbove(world.kept, world)
  await world.follow()
  assert.deepEqual((await haltOf(world)).halt.gone, await blockOf(world, 20n))
  await resume(world)
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed final',
    '20: detected confirmed final reversed detected confirmed final',
    '5000: detected confirmed final reversed',
  ])
  await assertMirrorsChain(world, [ALICE, BOB])
})

test('a retraction names what it takes back, as after any reorg', async (t) => {
  const world = await backfilledWorld(t)
  await reorgAbove(world.kept, world)
  await world.follow()
  await resume(world)
  await world.follow()
  const { id } = await depositOf(world, 5_000n)
  const events = await world.db
    .selectFrom('event')
    .select(['id', 'type', 'body'])
    .where('deposit_id', '=', id)
    .orderBy('position')
    .execute()
  const [final, reversed] = events.slice(-2)
  assert.deepEqual([final?.type, reversed?.type], ['deposit.final', 'deposit.reversed'])
  const body = JSON.parse(required(reversed, 'told').body.toString()) as {
    data: { retracts: string }
  }
  assert.equal(body.data.retracts, final?.id)
})

test('a failure at the very commit, and another daemon: it converges', async (t) => {
  const world = await backfilledWorld(t)
  await reorgAbove(world.kept, world)
  await world.follow()
  await resume(world)
  const before = await everything(world.db)
  await sql`
    create function refuse() returns trigger language plpgsql as
    $$ begin raise exception 'the disk is full'; end $$`.execute(world.db)
  await sql`create trigger refuse before insert on event execute function refuse()`.execute(
    world.db,
  )
  await assert.rejects(world.watch.follower.tick(), /the disk is full/)
  assert.deepEqual(await everything(world.db), before, 'all or nothing')
  await sql`drop trigger refuse on event`.execute(world.db)
  await world.watch.keeper.release()

  const second = world.another('second')
  await second.keeper.tick()
  await second.filter.tick()
  assert.equal((await second.follower.tick()).name, 'reorganised')
  await second.keeper.release()

  const third = world.another('third')
  await third.keeper.tick()
  await third.filter.tick()
  await world.run(third.follower, third.rescanner)
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed final',
    '20: detected confirmed final reversed detected confirmed final',
    '5000: detected confirmed final reversed',
  ])
  await assertMirrorsChain(world, [ALICE, BOB])
})

test('it never goes deeper than a person agreed to', async (t) => {
  const world = await backfilledWorld(t)
  await reorgAbove(world.kept, world)
  await world.follow()
  await resume(world)
  await reorgAbove(world.kept - 3, world)
  const before = await everything(world.db)
  assert.equal((await world.follow()).at(0), 'halted')
  assert.deepEqual(await everything(world.db), before)
  assert.deepEqual(await world.stories(), ALL_FINAL)
  const { halt } = await haltOf(world)
  assert.deepEqual(halt.gone, await blockOf(world, 10n))
  await resume(world)
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed final reversed',
    '20: detected confirmed final reversed',
    '5000: detected confirmed final reversed',
  ])
  await assertMirrorsChain(world, [ALICE, BOB])
})

test('where no block of ours is left, the chain is read again from its first height', async (t) => {
  const world = await backfilledWorld(t, { start: 4 })
  const { url } = world.anvil
  const first = await signedTransaction(url, await transactionOf(world, 10n))
  const both = [first, world.again].map((tx) => ({ tx, block: 2 }))
  await reorg(url, (await headHeight(url)) - 2, both)
  await world.follow()
  const { halt } = await haltOf(world)
  assert.equal(halt.ancestor?.height, 3)
  assert.deepEqual(halt.gone, await blockOf(world, 10n))
  await resume(world)
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed final reversed detected confirmed final',
    '20: detected confirmed final reversed detected confirmed final',
    '5000: detected confirmed final reversed',
  ])
  await assertMirrorsChain(world, [ALICE, BOB])
  assert.equal((await cursorOf(world)).startHeight, 4)
})

test('no deposit, no header: it goes on below its first block, and finds what is there now', async (t) => {
  const world = await anvilWorld(t, { start: 4 })
  await world.register([ALICE])
  await mine(world.anvil.url, LONG)
  assert.ok((await world.follow()).includes('backfilled'))
  await reorgAbove(2, world)
  await world.pay(ALICE, 10n * UNIT)
  await world.follow()
  await resume(world)
  await world.follow()
  assert.deepEqual(await world.stories(), ['10: detected'])
  await assertMirrorsChain(world, [ALICE])
})

interface BackfilledWorld extends AnvilWorld {
  /** Height of the first payment, and the signed bytes of the second. */
  readonly kept: number
  readonly again: Hex
}

/** Three payments with blocks between them, all of them read in ranges and final: of their blocks we hold no header. */
async function backfilledWorld(
  t: Parameters<typeof anvilWorld>[0],
  { start = 0, isBobLate = false }: { readonly start?: number; readonly isBobLate?: boolean } = {},
): Promise<BackfilledWorld> {
  const world = await anvilWorld(t, { start })
  const { url } = world.anvil
  await world.register(isBobLate ? [ALICE] : [ALICE, BOB])
  await mine(url, 10)
  await world.pay(ALICE, 10n * UNIT)
  const kept = await headHeight(url)
  await mine(url, 20)
  const again = await signedTransaction(url, await world.pay(ALICE, 20n * UNIT))
  await mine(url, 5)
  await world.pay(BOB, 5_000n * UNIT)
  await mine(url, LONG)
  const outcomes = await world.follow()
  assert.ok(outcomes.includes('backfilled'), outcomes.join())
  if (isBobLate) await world.register([BOB], 0)
  await world.follow()
  assert.deepEqual(await world.stories(), ALL_FINAL)
  const held = await world.db.selectFrom('block').select('height').execute()
  assert.ok(held.every(({ height }) => height > kept + LONG / 2))
  return { ...world, kept, again }
}

/** All above the height is replaced; of the payments there only the second is mined again, elsewhere. */
async function reorgAbove(
  height: number,
  { anvil, ...world }: Pick<AnvilWorld, 'anvil'> & Partial<Pick<BackfilledWorld, 'again'>>,
): Promise<void> {
  const depth = (await headHeight(anvil.url)) - height
  const { again } = world
  await reorg(anvil.url, depth, again === undefined ? [] : [{ tx: again, block: 40 }])
}

async function haltOf(world: AnvilWorld): Promise<{ halt: Halt; height: number }> {
  const { halt, height } = await cursorOf(world)
  return { halt: required(halt, 'it is halted'), height }
}

async function depositOf({ db }: AnvilWorld, units: bigint) {
  return db
    .selectFrom('deposit')
    .selectAll()
    .where('amount', '=', `${units * UNIT}`)
    .executeTakeFirstOrThrow()
}

async function transactionOf(world: AnvilWorld, units: bigint): Promise<Hex> {
  return toHex((await depositOf(world, units)).tx_hash)
}

async function blockOf(world: AnvilWorld, units: bigint) {
  const { height, block_hash: hash } = await depositOf(world, units)
  return { height, hash: toHex(hash) }
}
