import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChainView } from '../../../src/block/chain-view.ts'
import { judgeReorg, type Evidence } from '../../../src/block/reorg.ts'
import { required } from '../../../src/lib/assert.ts'
import { ScriptedChain } from '../../support/scripted-chain.ts'

test('above the finalized block one provider is followed, whatever others uphold: nobody is asked', async () => {
  const { ours, asked, judge } = parted({ above: 10, blocks: 11 }, () => true)
  assert.deepEqual(await judge(), {
    kind: 'follow',
    ancestor: ours[10],
    blocks: ours.slice(11).toReversed(),
  })
  assert.deepEqual(asked, [])
})

for (const isUpheld of [true, false]) {
  test(`below it the ancestor is told ${isUpheld ? 'to nobody while' : 'unless'} others uphold what is gone`, async () => {
    const { ours, asked, judge } = parted({ above: 7, blocks: 30 }, () => isUpheld)
    const reorg = await judge()
    assert.ok(reorg.kind === 'halt')
    assert.deepEqual(reorg.halt.ancestor, isUpheld ? null : ours[7])
    assert.deepEqual(reorg.halt.gone, ours[8])
    assert.deepEqual(asked, [8])
  })
}

test('a shorter branch halts nothing while others uphold our finalized block', async () => {
  const left = parted({ above: 7, blocks: 5 }, (height) => height === 10)
  assert.deepEqual(await left.judge(), { kind: 'left_behind' })
  assert.deepEqual(left.asked, [10])
  const other = parted({ above: 7, blocks: 5 }, (height) => height === 8)
  const reorg = await other.judge()
  assert.ok(reorg.kind === 'halt')
  assert.equal(reorg.halt.ancestor, null, 'they stand on a third branch')
})

/** A view of twenty blocks, the tenth of them final, and one who shows others above a height. */
function parted(
  { above, blocks }: { readonly above: number; readonly blocks: number },
  isUpheld: (height: number) => boolean,
) {
  const chain = new ScriptedChain()
  chain.mineEmpty(20)
  const ours = [...chain.blocks]
  const view: ChainView = { blocks: ours, finalized: required(ours[10], 'of twenty') }
  chain.cut(20 - above)
  chain.mineEmpty(blocks)
  const asked: number[] = []
  const evidence: Evidence = {
    source: {
      header: (height) => chain.header(height),
      isUpheld: async ({ height }) => {
        asked.push(height)
        return isUpheld(height)
      },
    },
    recordedBlock: async () => null,
    recordedAbove: async () => null,
    startHeight: () => Promise.reject(new Error('the headers tell it')),
  }
  const judge = async () => judgeReorg(view, await chain.head(), evidence)
  return { ours, asked, judge }
}
