import assert from 'node:assert/strict'
import { test } from 'node:test'
import { advanceRescan, oldestRescan } from '../../../src/match/rescan-store.ts'
import { required } from '../../../src/lib/assert.ts'
import { ETHEREUM, seedChain } from './chains.ts'
import { testCli } from './terminal.ts'

const WHY = ['--reason', 'provider lost logs']

test('a rescan ends at our last block, and is audited', async (t) => {
  const { db, cli, audit } = await testCli(t)
  await seedChain(db, { finalized: 90, tip: 100 })
  const asked = await cli('rescan', 'ethereum', '--from', '10', '--to', '500', ...WHY)
  assert.equal(asked.out, 'will read blocks 10 to 100 of ethereum again\n')
  const entry = (await audit()).at(-1)
  assert.deepEqual(
    [entry?.environment_id, entry?.actor, entry?.action, entry?.subject, entry?.detail],
    [
      null,
      'cli:ada',
      'rescan.requested',
      ETHEREUM,
      { from: 10, to: 100, reason: 'provider lost logs' },
    ],
  )
})

test('a rescan that an open one covers is not asked for twice', async (t) => {
  const { db, cli, audit } = await testCli(t)
  await seedChain(db, { finalized: 90, tip: 100 })
  await cli('rescan', 'ethereum', '--from', '10', ...WHY)
  const again = await cli('rescan', 'ethereum', '--from', '20', '--to', '30', ...WHY, '--json')
  assert.deepEqual(again.json(), { chain: 'ethereum', from: 20, to: 30, requested: false })
  assert.equal((await cli('rescan', 'list', '--json')).json().length, 1)
  assert.equal((await audit()).length, 1)
})

test('a rescan of what is not there is refused with the remedy', async (t) => {
  const { db, cli } = await testCli(t)
  const early = await cli('rescan', 'ethereum', '--from', '10', ...WHY)
  assert.equal(early.code, 1)
  assert.match(early.err, /chain: ethereum has no block yet.*settled serve/)
  await seedChain(db, { finalized: 90, tip: 100 })
  const above = await cli('rescan', 'ethereum', '--from', '101', ...WHY)
  assert.equal(above.code, 1)
  assert.match(above.err, /--from: 101 is above our last block, 100; .*use 100 or less/)
  const swapped = await cli('rescan', 'ethereum', '--from', '50', '--to', '40', ...WHY)
  assert.match(swapped.err, /--to: 40 is below --from, 50; swap the two/)
  const unknown = await cli('rescan', 'moon', '--from', '1', ...WHY)
  assert.match(unknown.err, /chain "moon" does not exist; known: .*ethereum.*\(not_found\)/)
  assert.equal((await cli('rescan', 'list')).out.trim(), '')
})

test('a rescan wants a start and a reason', async (t) => {
  const { cli } = await testCli(t)
  assert.equal((await cli('rescan', 'ethereum', ...WHY)).code, 2)
  assert.equal((await cli('rescan', 'ethereum', '--from', '1')).code, 2)
  assert.equal((await cli('rescan', 'ethereum', '--from', '1', '--reason', '')).code, 2)
  assert.equal((await cli('rescan', 'ethereum', '--from', 'genesis', ...WHY)).code, 2)
})

test('the list tells how far each rescan has come', async (t) => {
  const { db, cli } = await testCli(t)
  await seedChain(db, { finalized: 90, tip: 100 })
  await cli('rescan', 'eip155:1', '--from', '10', '--to', '20', ...WHY)
  const open = required(await oldestRescan(db, ETHEREUM), 'it was just asked for')
  const finishedAt = new Date('2026-03-01T13:00:00.000Z')
  await db.transaction().execute((tx) => advanceRescan(tx, open, 15, finishedAt))
  assert.match((await cli('rescan', 'list')).out, /ethereum {2}10–20 {2}open, next 15 {2}provider/)
  const half = required(await oldestRescan(db, ETHEREUM), 'it is still open')
  await db.transaction().execute((tx) => advanceRescan(tx, half, 21, finishedAt))
  assert.match((await cli('rescan', 'list')).out, /finished 2026-03-01T13:00:00\.000Z/)
})
