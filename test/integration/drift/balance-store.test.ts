import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readWindows, saveWindows } from '../../../src/drift/balance-store.ts'
import type { Window } from '../../../src/drift/balance-window.ts'
import { ALICE } from '../../support/anvil-world.ts'
import { testDatabase } from '../../support/database.ts'
import { ANVIL, RAIL } from '../../support/flow-world.ts'

const MOST = 2n ** 256n - 1n

test('a provider may invent transfers of more than there can be, and its window is kept', async (t) => {
  const { db } = await testDatabase(t)
  const whose = { chainId: ANVIL.chain.id, provider: 'liar' }
  const block = { height: 7, hash: `0x${'07'.repeat(32)}` } as const
  const window: Window = {
    holder: { rail: RAIL.id, address: ALICE },
    spread: 0,
    from: { block, balance: MOST },
    to: null,
    heard: block,
    moved: 1_000n * MOST,
    isDoubted: false,
    checks: 0,
    askedAt: new Date('2026-03-01T12:00:00Z'),
  }
  await db.transaction().execute((tx) => saveWindows(tx, whose, [window]))
  assert.deepEqual(await readWindows(db, whose), [window])
  const opposite = { ...window, moved: -1_000n * MOST }
  await db.transaction().execute((tx) => saveWindows(tx, whose, [opposite]))
  assert.deepEqual(await readWindows(db, whose), [opposite])
})
