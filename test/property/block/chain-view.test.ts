import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  connect,
  decide,
  disconnect,
  EMPTY_VIEW,
  finalize,
  judgeFinality,
  linkedPrefix,
  planReorg,
  prune,
  pruneFloor,
  tipOf,
  type ChainView,
} from '../../../src/block/chain-view.ts'
import { findAncestor } from '../../../src/block/common-ancestor.ts'
import { loadChain } from '../../../src/config/chain-files.ts'
import type { BlockHeader, BlockRef } from '../../../src/domain/block.ts'
import { fc } from '../../support/properties.ts'
import { ScriptedChain } from '../../support/scripted-chain.ts'

const { chain: ANVIL } = loadChain('anvil')

type Op =
  | { readonly kind: 'mine'; readonly blocks: number }
  | { readonly kind: 'fork'; readonly depth: number; readonly blocks: number }
  | { readonly kind: 'lag'; readonly blocks: number }
  | { readonly kind: 'finalize'; readonly behind: number }
  | { readonly kind: 'look' }

const few = fc.integer({ min: 1, max: 6 })
const ops: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ kind: fc.constant('mine' as const), blocks: few }),
  fc.record({ kind: fc.constant('fork' as const), depth: few, blocks: fc.nat({ max: 8 }) }),
  fc.record({ kind: fc.constant('lag' as const), blocks: few }),
  fc.record({ kind: fc.constant('finalize' as const), behind: fc.nat({ max: 8 }) }),
  fc.constant({ kind: 'look' as const }),
)

/** What a consumer of the steps holds: a plain stack of hashes. */
class Stack {
  readonly hashes: string[] = []

  connect(blocks: readonly BlockHeader[]): void {
    for (const block of blocks) {
      if (this.hashes.length > 0) assert.equal(block.parentHash, this.hashes.at(-1))
      this.hashes.push(block.hash)
    }
  }

  disconnect(blocks: readonly BlockRef[]): void {
    for (const block of blocks) assert.equal(this.hashes.pop(), block.hash)
  }
}

/** Follows the chain until there is nothing new; returns how many steps that took. */
async function follow(
  start: ChainView,
  chain: ScriptedChain,
  stack: Stack,
): Promise<[ChainView, number]> {
  let view = start
  for (let steps = 0; ; steps += 1) {
    const head = await chain.head()
    const decision = tipOf(view) === null ? 'head_is_above' : decide(view, head)
    if (decision === 'nothing_new' || decision === 'head_lags') return [view, steps]
    const from = (tipOf(view)?.height ?? -1) + 1
    const linked =
      decision === 'head_is_above'
        ? linkedPrefix(view, chain.blocks.slice(from, head.height + 1))
        : []
    if (linked.length > 0) {
      view = connect(view, linked, false)
      stack.connect(linked)
      continue
    }
    const found = await findAncestor(view, head, chain)
    assert.ok(found !== 'unsteady', 'a chain that stands still shows the same divergence twice')
    const plan = planReorg(view, found.ancestor)
    assert.equal(plan.kind, 'disconnect')
    if (plan.kind !== 'disconnect') continue
    view = disconnect(view, plan.ancestor)
    stack.disconnect(plan.blocks)
  }
}

test('following any chain ends with exactly its blocks, one linked step at a time', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(ops, { maxLength: 40 }), async (script) => {
      const chain = new ScriptedChain()
      const stack = new Stack()
      let view: ChainView = EMPTY_VIEW
      let finalized = 0
      for (const op of script) {
        const height = chain.blocks.length - 1
        if (op.kind === 'mine') for (let n = 0; n < op.blocks; n += 1) chain.mine([])
        if (op.kind === 'fork') {
          chain.cut(Math.min(op.depth, height - finalized))
          for (let n = 0; n < op.blocks; n += 1) chain.mine([])
        }
        if (op.kind === 'finalize') finalized = Math.max(finalized, height - op.behind)
        if (op.kind === 'look') [view] = await follow(view, chain, stack)
        if (op.kind === 'lag') {
          ;[view] = await follow(view, chain, stack)
          chain.hidden = Math.min(op.blocks, chain.blocks.length - 1)
          const [after, steps] = await follow(view, chain, stack)
          assert.deepEqual([after, steps], [view, 0], 'a lagging head is not a reorg')
          chain.hidden = 0
        }
      }
      chain.mine([])
      ;[view] = await follow(view, chain, stack)
      const hashes = chain.blocks.map(({ hash }) => hash)
      assert.deepEqual(stack.hashes, hashes)
      assert.deepEqual(view.blocks, chain.blocks)
    }),
    { numRuns: 500 },
  )
})

test('finality is the highest claim that names a block of ours, whatever is claimed in which order', () => {
  const chain = new ScriptedChain()
  for (let n = 0; n < 30; n += 1) chain.mine([])
  const other = new ScriptedChain()
  other.cut(1)
  for (let n = 0; n < 30; n += 1) other.mine([])
  const claims = fc.record({ height: fc.nat({ max: 29 }), ours: fc.boolean() })
  fc.assert(
    fc.property(fc.array(claims, { maxLength: 20 }), (list) => {
      let view = connect(EMPTY_VIEW, chain.blocks, false)
      for (const { height, ours } of list) {
        const claimed = (ours ? chain : other).blocks[height]
        assert.ok(claimed !== undefined)
        const verdict = judgeFinality(view, claimed)
        assert.equal(verdict.kind === 'contradicts', !ours)
        if (verdict.kind === 'accepted') view = finalize(view, verdict.finalized)
      }
      const expected = list.filter(({ ours }) => ours).map(({ height }) => height)
      assert.equal(view.finalized?.height ?? -1, Math.max(-1, ...expected))
    }),
  )
})

test('pruning forgets nothing that a reorg we would follow can reach', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 }),
      fc.option(fc.nat({ max: 399 })),
      (length, final) => {
        const chain = new ScriptedChain()
        for (let n = 1; n < length; n += 1) chain.mine([])
        const finalBlock = final === null ? undefined : chain.blocks[final]
        let view = connect(EMPTY_VIEW, chain.blocks, false)
        if (finalBlock !== undefined) view = finalize(view, finalBlock)
        const pruned = prune(view, ANVIL)
        const floor = Math.max(0, (finalBlock?.height ?? 0) - ANVIL.reorgWindow)
        assert.equal(pruneFloor(view, ANVIL), floor)
        assert.deepEqual(pruned.blocks, chain.blocks.slice(floor))
      },
    ),
  )
})
