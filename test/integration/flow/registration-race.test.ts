import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { sql } from 'kysely'
import { openRescans } from '../../../src/match/rescan-store.ts'
import type { Db } from '../../../src/store/database.ts'
import { ALICE, BOB, storiesOf } from '../../support/anvil-world.ts'
import { testDatabase } from '../../support/database.ts'
import { ANVIL, ENVIRONMENT, flowWorldOn, RAIL } from '../../support/flow-world.ts'
import { HeldAnswers, type Answer } from '../../support/held-answers.ts'
import { ScriptedChain } from '../../support/scripted-chain.ts'
import { payment } from '../../support/switched-source.ts'

/** Registrations at the worst moment: which one it is, an answer of the database that is held back decides. */

test('a registration that is taken in while the filter is built anew is in the new one', async (t) => {
  const { answers, chain, world } = await heldWorld(t, 1)
  const { filter, follower } = world.watch
  // One more than the filter has room for.
  await registerMany(world.db, 100_001)
  // On a busy machine that takes longer than a lease lasts.
  await world.watch.keeper.tick()
  chain.mine([])
  await world.run(follower)

  const lastPage = answers.holdNext(isOneAddress)
  const building = filter.tick()
  await lastPage.reached
  await world.register([ALICE])
  chain.mine([payment(ALICE, 5n)])
  const takenIn = answers.holdNext(isOneAddress)
  const connecting = follower.tick()
  await takenIn.reached
  lastPage.release()
  assert.equal((await building).name, 'built')
  takenIn.release()
  await connecting
  chain.mine([payment(ALICE, 6n)])
  await world.run(follower)
  assert.deepEqual(await storiesOf(world.db), ['5: detected', '6: detected'])
})

test('a registration beside a rescan that waits for a shrunk view is served by it', async (t) => {
  const { answers, chain, world } = await heldWorld(t, 40)
  const { follower, rescanner } = world.watch
  await world.register([BOB], 1)
  await rescanner.tick()
  await rescanner.tick()
  // The view goes back to block 30, below the 33 where the rescan stands.
  chain.cut(10)
  chain.mineEmpty(5)
  chain.mine([payment(ALICE, 5n)])
  chain.mineEmpty(5)
  assert.equal((await follower.tick()).name, 'reorganised')
  const position = answers.holdNext(isCursor)
  const waiting = rescanner.tick()
  await position.reached
  chain.hidden = 5
  await world.run(follower)
  await world.register([ALICE], 35)
  position.release()
  assert.equal((await waiting).name, 'waiting_for_chain')
  chain.hidden = 0
  await world.run(follower, rescanner)
  assert.deepEqual(await storiesOf(world.db), ['5: detected confirmed'])
})

test('a rescan that is extended while it is read is read again from its new beginning', async (t) => {
  const { answers, chain, world } = await heldWorld(t, 10)
  const { follower, rescanner } = world.watch
  chain.mine([payment(ALICE, 5n)])
  chain.mineEmpty(9)
  chain.mine([payment(BOB, 6n)])
  chain.mineEmpty(9)
  await world.run(follower)
  await world.register([BOB], 20)
  const position = answers.holdNext(isCursor)
  const reading = rescanner.tick()
  await position.reached
  await world.register([ALICE], 10)
  position.release()
  assert.equal((await reading).name, 'stale')
  assert.deepEqual(await storiesOf(world.db), [])
  await world.run(rescanner)
  const stories = await storiesOf(world.db)
  assert.deepEqual(stories.toSorted(), ['5: detected confirmed', '6: detected confirmed'])
})

test('however many ask for history, one rescan is under way and one waits', async (t) => {
  const { chain, world } = await heldWorld(t, 30)
  const { follower, rescanner } = world.watch
  await world.register([BOB], 0)
  assert.equal((await rescanner.tick()).name, 'revisited')
  for (let round = 0; round < 20; round += 1) {
    await world.register([`0x${(0x1000 + round).toString(16).padStart(40, '0')}`], 0)
    chain.mine([])
    await world.run(follower)
  }
  const open = await openRescans(world.db, ANVIL.chain.id, 100)
  assert.deepEqual(
    open.map(({ from, next, to }) => [from, next, to]),
    [
      [0, 16, 30],
      [0, 0, 49],
    ],
  )
})

/** A chain of genesis and so many blocks, followed through a database whose answers can be held back. */
async function heldWorld(t: TestContext, blocks: number) {
  const answers = new HeldAnswers()
  const { db, url } = await testDatabase(t)
  const chain = new ScriptedChain()
  chain.mineEmpty(blocks)
  const world = await flowWorldOn({ db: db.withPlugin(answers), url }, chain)
  await world.run(world.watch.follower)
  return { answers, chain, world }
}

/** As many addresses as it takes to outgrow a filter, in one statement. */
async function registerMany(db: Db, count: number): Promise<void> {
  await sql`
    insert into deposit_address (
      environment_id, chain_id, rail, address, owner, registered_height, epoch, registered_at)
    select ${ENVIRONMENT}, ${ANVIL.chain.id}, ${RAIL.id}, decode(lpad(to_hex(n), 40, '0'), 'hex'),
      'many', 0, 1, now()
    from generate_series(1, ${count}::int) n`.execute(db)
  await sql`update address_epoch set epoch = 1 where chain_id = ${ANVIL.chain.id}`.execute(db)
}

function isOneAddress({ rows }: Answer): boolean {
  return rows.length === 1 && rows.every((row) => 'key' in row)
}

function isCursor({ rows }: Answer): boolean {
  return rows.some((row) => 'finalized_height' in row)
}
