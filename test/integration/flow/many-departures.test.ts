import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { haltChain, plainHalt, readCursor, retryChain } from '../../../src/block/block-store.ts'
import type { ChainWatch } from '../../../src/chain-watch.ts'
import { required } from '../../../src/lib/assert.ts'
import { ALICE, TWO_BANDS } from '../../support/anvil-world.ts'
import { ANVIL, flowWorld, type FlowWorld } from '../../support/flow-world.ts'
import { ScriptedChain, type Payment } from '../../support/scripted-chain.ts'
import { payment } from '../../support/switched-source.ts'

/** A reorg that takes away more deposits than one transaction should move. */

const CHAIN = ANVIL.chain.id
const BLOCKS = 2
/** One block alone has more deposits than a step takes. */
const PER_BLOCK = 5_050
const ALL = BLOCKS * PER_BLOCK
const STEP = 5_000

test('they leave in several steps before anything connects, whatever happens meanwhile', async (t) => {
  const { chain, world, blocks } = await crowdedWorld(t)
  chain.cut(BLOCKS)
  // What was in the lowest block is mined again.
  chain.mineEmpty(BLOCKS)
  const again = chain.mine(required(blocks[0], 'a block'))

  assert.deepEqual(await ticksOf(world.watch, 1), ['reorganised'])
  assert.deepEqual(await statesOf(world), { confirmed: ALL - STEP, reversed: STEP })
  const cursor = required(await readCursor(world.db, CHAIN), 'the chain has begun')
  assert.equal(cursor.height, 0)

  const halt = plainHalt({ reason: 'test', head: again, ancestor: null })
  await world.db.transaction().execute((tx) => haltChain(tx, CHAIN, halt, new Date()))
  const next = await takeOver(world, world.watch, 'second')
  assert.deepEqual(await ticksOf(next, 1), ['halted'])
  await world.db.transaction().execute((tx) => retryChain(tx, CHAIN))
  assert.deepEqual(await ticksOf(next, 1), ['settled'])
  assert.deepEqual(await statesOf(world), { confirmed: ALL - 2 * STEP, reversed: 2 * STEP })
  assert.equal(
    (await readCursor(world.db, CHAIN))?.height,
    0,
    'nothing connects before all have left',
  )

  const last = await takeOver(world, next, 'third')
  assert.deepEqual(await ticksOf(last, 2), ['settled', 'connected'])
  assert.deepEqual(await statesOf(world), { confirmed: PER_BLOCK, reversed: ALL - PER_BLOCK })
  assert.equal((await readCursor(world.db, CHAIN))?.hash, again.hash)
  assert.deepEqual(await eventsOf(world), {
    'deposit.detected': ALL + PER_BLOCK,
    'deposit.confirmed': ALL + PER_BLOCK,
    'deposit.reversed': ALL,
  })
})

interface Crowd {
  readonly chain: ScriptedChain
  readonly world: FlowWorld
  readonly blocks: readonly (readonly Payment[])[]
}

/** Blocks on top of the first one, full of deposits that are confirmed. */
async function crowdedWorld(t: TestContext): Promise<Crowd> {
  const chain = new ScriptedChain()
  const rule = { confirmations: 1, finality: false }
  const policy = { ...TWO_BANDS, bands: [{ upTo: null, rule, providers: 1 }] }
  const world = await flowWorld(t, chain, { policy })
  await world.register([ALICE])
  await ticksOf(world.watch, 1)
  const blocks = Array.from({ length: BLOCKS }, (_, block) =>
    Array.from({ length: PER_BLOCK }, (_payment, index) =>
      payment(ALICE, BigInt(block * PER_BLOCK + index + 1)),
    ),
  )
  for (const payments of blocks) {
    chain.mine(payments)
    await ticksOf(world.watch, 1)
  }
  assert.deepEqual(await statesOf(world), { confirmed: ALL })
  return { chain, world, blocks }
}

/** The writer dies, and another daemon takes over. */
async function takeOver(world: FlowWorld, from: ChainWatch, holder: string): Promise<ChainWatch> {
  await from.keeper.release()
  const next = world.another(holder)
  await next.keeper.tick()
  await next.filter.tick()
  return next
}

/** The lease is renewed before each: a step with thousands of deposits may take seconds. */
async function ticksOf({ keeper, follower }: ChainWatch, count: number): Promise<string[]> {
  const names: string[] = []
  while (names.length < count) {
    await keeper.tick()
    names.push((await follower.tick()).name)
  }
  return names
}

async function statesOf({ db }: FlowWorld) {
  const rows = await db
    .selectFrom('deposit')
    .select((eb) => ['state', eb.fn.countAll<number>().as('count')])
    .groupBy('state')
    .execute()
  return Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]))
}

async function eventsOf({ db }: FlowWorld) {
  const rows = await db
    .selectFrom('event')
    .select((eb) => ['type', eb.fn.countAll<number>().as('count')])
    .groupBy('type')
    .execute()
  return Object.fromEntries(rows.map(({ type, count }) => [type, Number(count)]))
}
