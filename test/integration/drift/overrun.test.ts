import assert from 'node:assert/strict'
import { test } from 'node:test'
import { briefly } from './world.ts'
import { toldWorld } from './teller.ts'

/** A round hears 120 stretches of 32 blocks. */
const ROUND_BLOCKS = 120 * 32

test('a round ends after 120 stretches, looks at our own records, and the next one goes on', async (t) => {
  const world = await toldWorld(t)
  const { db, asked } = world
  const final = await world.mine(ROUND_BLOCKS + 102)
  const nextHeight = async () => {
    const rows = await db.selectFrom('audit_progress').select('next_height').execute()
    return rows.map(({ next_height }) => next_height)
  }
  const completed = () => db.selectFrom('audit_round').select('height').execute()
  // What no provider is asked about: the newest block does not link to the one below it.
  await db
    .updateTable('block')
    .set({ parent_hash: Buffer.alloc(32, 0x0b) })
    .where('height', '=', final + 2)
    .execute()

  assert.equal(await world.audit(), 'incomplete')
  assert.equal(asked.length, 120)
  assert.deepEqual(await nextHeight(), [ROUND_BLOCKS])
  assert.deepEqual(await completed(), [])
  assert.deepEqual(briefly(await world.findings()), ['view_broken open'])

  assert.equal(await world.audit(), 'complete')
  assert.equal(asked[120], `only ${ROUND_BLOCKS} ${ROUND_BLOCKS + 31}`)
  assert.deepEqual(await nextHeight(), [final + 1])
  assert.deepEqual(await completed(), [{ height: final }])
})
