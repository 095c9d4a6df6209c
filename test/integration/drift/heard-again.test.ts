import assert from 'node:assert/strict'
import { test } from 'node:test'
import { auditStandings } from '../../../src/drift/audit-store.ts'
import { ANVIL } from '../../support/flow-world.ts'
import { toldWorld, type ToldWorld } from './teller.ts'

/** A round hears 40 stretches of 32 blocks again. */
const AGAIN_BLOCKS = 40 * 32
const STRETCHES = 50
const HISTORY = STRETCHES * 32

async function finishRescan({ db }: ToldWorld, from: number, to: number): Promise<void> {
  const at = new Date()
  const bounds = { from_height: from, to_height: to, next_height: to + 1 }
  await db
    .insertInto('rescan')
    .values({
      chain_id: ANVIL.chain.id,
      ...bounds,
      reason: 'test',
      requested_at: at,
      finished_at: at,
    })
    .execute()
}

async function gapOf({ db }: ToldWorld): Promise<number | undefined> {
  return (await auditStandings(db)).get(ANVIL.chain.id)?.gapBlocks
}

/** What was asked for since the last time. */
function heardOf({ asked }: ToldWorld): string[] {
  return asked.splice(0)
}

function stretches(provider: string, first: number, blocks: number): string[] {
  return Array.from({ length: blocks / 32 }, (_, index) => {
    const from = first + index * 32
    return `${provider} ${from} ${from + 31}`
  })
}

test('new blocks are heard before what a rescan has read, which is heard once, also across a restart', async (t) => {
  const world = await toldWorld(t)
  // The final blocks 0 to HISTORY - 1.
  await world.mine(HISTORY + 1)
  await world.audit()
  assert.deepEqual(heardOf(world), stretches('only', 0, HISTORY))
  assert.equal(await gapOf(world), 0)

  await finishRescan(world, 0, HISTORY - 1)
  assert.equal(await gapOf(world), HISTORY)
  await world.mine(5)
  assert.equal(await world.audit(), 'complete', 'all that is new was heard')
  const [fresh, ...again] = heardOf(world)
  assert.equal(fresh, `only ${HISTORY} ${HISTORY + 4}`)
  assert.deepEqual(again, stretches('only', 0, AGAIN_BLOCKS))
  assert.equal(await gapOf(world), HISTORY - AGAIN_BLOCKS)

  world.restart()
  await world.mine(5)
  assert.equal(await world.audit(), 'complete')
  assert.deepEqual(heardOf(world), [
    `only ${HISTORY + 5} ${HISTORY + 9}`,
    ...stretches('only', AGAIN_BLOCKS, HISTORY - AGAIN_BLOCKS),
  ])
  assert.equal(await gapOf(world), 0)
  await world.audit()
  assert.deepEqual(heardOf(world), [])
})

test('who asks for history over and over does not have its beginning heard for ever', async (t) => {
  const world = await toldWorld(t)
  await world.mine(HISTORY + 1)
  await world.audit()
  await finishRescan(world, 32, HISTORY - 1)
  await world.audit()
  heardOf(world)
  await finishRescan(world, 0, 63)
  await finishRescan(world, 96, 127)
  await world.audit()
  assert.deepEqual(heardOf(world), [
    ...stretches('only', 32 + AGAIN_BLOCKS, HISTORY - AGAIN_BLOCKS - 32),
    ...stretches('only', 0, 128),
  ])
  assert.equal(await gapOf(world), 0)
})

test('everybody is heard again, in turn, and one that is heard for the first time is heard once', async (t) => {
  const world = await toldWorld(t, { providers: ['first', 'second'] })
  await world.mine(65)
  await world.audit()
  await finishRescan(world, 0, 31)
  await world.db.deleteFrom('audit_progress').where('provider', '=', 'second').execute()
  heardOf(world)
  await world.audit()
  assert.deepEqual(heardOf(world), ['second 0 31', 'second 32 63', 'first 0 31'])
  await finishRescan(world, 0, 63)
  await world.audit()
  assert.deepEqual(heardOf(world), ['first 0 31', 'second 0 31', 'first 32 63', 'second 32 63'])
})
