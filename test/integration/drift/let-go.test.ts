import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { haltChain, plainHalt, resumeChain } from '../../../src/block/block-store.ts'
import type { BlockRef } from '../../../src/domain/block.ts'
import { hearAgainFrom } from '../../../src/drift/audit-store.ts'
import { required } from '../../../src/lib/assert.ts'
import type { Tx } from '../../../src/store/database.ts'
import { ANVIL } from '../../support/flow-world.ts'
import { toldWorld, type ToldWorld } from './teller.ts'

const CHAIN = ANVIL.chain.id
const ANCESTOR = 4

/** A chain that was heard to its end, and something that happens while the next stretch of it is read. */
async function interrupted(
  t: TestContext,
  happening: (tx: Tx, block: (height: number) => BlockRef) => Promise<void>,
): Promise<{ readonly world: ToldWorld; readonly before: number }> {
  const world: ToldWorld = await toldWorld(t)
  const before = (await world.mine(10)) + 1
  assert.equal(await world.audit(), 'complete')
  await world.mine(10)
  world.meanwhile = () => {
    world.meanwhile = null
    const block = (height: number) => required(world.chain.blocks[height], 'it was mined')
    return world.db.transaction().execute((tx) => happening(tx, block))
  }
  assert.equal(await world.audit(), 'stale')
  return { world, before }
}

async function nextOf({ db }: ToldWorld): Promise<readonly number[]> {
  const rows = await db.selectFrom('audit_progress').select('next_height').execute()
  return rows.map(({ next_height }) => next_height)
}

test('what was read while the chain halted is not written down', async (t) => {
  const { world, before } = await interrupted(t, (tx, block) => {
    const halt = { reason: 'a test', head: block(12), ancestor: block(ANCESTOR) }
    return haltChain(tx, CHAIN, plainHalt(halt), new Date())
  })
  assert.deepEqual(await nextOf(world), [before])
})

test('what a person let go while it was read is heard again', async (t) => {
  const { world } = await interrupted(t, async (tx, block) => {
    await resumeChain(tx, CHAIN, block(ANCESTOR))
    await hearAgainFrom(tx, CHAIN, ANCESTOR + 1)
  })
  assert.deepEqual(await nextOf(world), [ANCESTOR + 1])
})

test('so it is where other blocks have become final by then', async (t) => {
  const { world } = await interrupted(t, (tx) => hearAgainFrom(tx, CHAIN, ANCESTOR + 1))
  assert.deepEqual(await nextOf(world), [ANCESTOR + 1])
  world.asked.splice(0)
  assert.equal(await world.audit(), 'complete')
  assert.equal(world.asked[0], `only ${ANCESTOR + 1} ${world.chain.blocks.length - 3}`)
})
