import assert from 'node:assert/strict'
import { test } from 'node:test'
import { completeRound, saveProgress } from '../../../src/drift/audit-store.ts'
import { ETHEREUM, seedChain } from './chains.ts'
import { testCli } from './terminal.ts'

const NOW = new Date('2026-03-01T12:30:00.000Z')

test('a list without findings says whether anything was compared at all', async (t) => {
  const { db, cli } = await testCli(t)
  const list = async () => (await cli('findings', 'list')).out
  assert.match(await list(), /^no finding\n\nno chain has been followed yet/)

  await seedChain(db, { finalized: 90, tip: 100 })
  assert.match(
    await list(),
    /^ethereum +no provider was heard yet +no round has ended.*ETHEREUM_AUDIT/m,
  )

  await db.transaction().execute(async (tx) => {
    for (const [provider, next] of [
      ['a', 89],
      ['b', 85],
    ] as const) {
      const progress = { provider, from: 80, next, lastHash: null, rescanId: 0, again: null }
      await saveProgress(tx, ETHEREUM, progress, NOW)
    }
  })
  assert.match(
    await list(),
    /^ethereum +every provider was heard up to block 84 +no round has ended/m,
  )

  await db
    .transaction()
    .execute((tx) => completeRound(tx, ETHEREUM, { height: 84, completedAt: NOW }))
  assert.match(
    await list(),
    /^ethereum +every provider was heard up to block 84 +the last round ended 2026-03-01T12:30:00\.000Z$/m,
  )
  assert.deepEqual((await cli('findings', 'list', '--json')).json(), [])
})
