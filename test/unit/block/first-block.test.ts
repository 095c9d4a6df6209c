import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readFirstBlock } from '../../../src/block/first-block.ts'
import { ScriptedChain } from '../../support/scripted-chain.ts'

const REORG_WINDOW = 4

/** Where a chain of twenty blocks on top of its genesis begins. */
async function firstOf(
  start: number | 'finalized',
  finalized: number | null,
  source = ScriptedChain.of(20),
): Promise<number | null> {
  if (finalized !== null) source.finalize(finalized)
  const sight = { head: await source.head(), claimed: await source.finalizedHead() }
  const block = await readFirstBlock({ chain: { reorgWindow: REORG_WINDOW }, source, start }, sight)
  return block?.height ?? null
}

test('a chain begins where the operator said, or with the newest block that cannot be undone', async () => {
  assert.equal(await firstOf(3, 15), 3)
  assert.equal(await firstOf(18, 15), 18)
  assert.equal(await firstOf('finalized', 15), 15)
})

test('while nothing is final it begins as far below the head as a reorg may reach', async () => {
  assert.equal(await firstOf('finalized', null), 20 - REORG_WINDOW)
  assert.equal(await firstOf(0, null), 0)
  assert.equal(await firstOf('finalized', null, ScriptedChain.of(2)), 0)
})

test('it waits for its block, and for whoever shows it to call it final', async () => {
  assert.equal(await firstOf(21, 15), null)
  const parted = ScriptedChain.of(20)
  parted.isFinal = () => Promise.resolve(false)
  assert.equal(await firstOf(3, 15, parted), null)
  assert.equal(await firstOf('finalized', 15, parted), null)
  assert.equal(await firstOf(18, 15, parted), 18, 'above what is called final nobody could')
})
