import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  blockAt,
  connect,
  decide,
  disconnect,
  finalize,
  judgeFinality,
  linkedPrefix,
  planReorg,
  prune,
  type ChainView,
} from '../../../src/block/chain-view.ts'
import type { BlockHeader } from '../../../src/domain/block.ts'
import type { Chain } from '../../../src/domain/chain.ts'
import { hashOf } from '../../support/scripted-chain.ts'

const CHAIN: Chain = {
  id: 'eip155:31337',
  slug: 'anvil',
  name: 'Anvil',
  family: 'evm',
  blockTimeSeconds: 1,
  finality: { kind: 'finalized' },
  reorgWindow: 4,
}

/** `a3` is the block of branch a at height 3; its parent is `a2`, or what `parent` names. */
function block(name: string, parent = `${name[0]}${Number(name.slice(1)) - 1}`): BlockHeader {
  const height = Number(name.slice(1))
  return { height, hash: hashOf(name), parentHash: hashOf(parent), time: new Date(height * 1_000) }
}

function viewOf(names: readonly string[], finalized: string | null = null): ChainView {
  return {
    blocks: names.map((name) => block(name)),
    finalized: finalized === null ? null : block(finalized),
  }
}

const VIEW = viewOf(['a5', 'a6', 'a7', 'a8'], 'a5')

test('a head is new, ours, lagging or divergent', () => {
  assert.equal(decide(VIEW, block('a8')), 'nothing_new')
  assert.equal(decide(VIEW, block('a9')), 'head_is_above')
  assert.equal(
    decide(VIEW, block('b12')),
    'head_is_above',
    'whether it links shows when it is read',
  )
  assert.equal(decide(VIEW, block('a6')), 'head_lags')
  assert.equal(decide(VIEW, block('b6')), 'head_diverges')
  assert.equal(decide(VIEW, block('b8')), 'head_diverges')
})

test('a head below everything we hold proves nothing', () => {
  assert.equal(decide(VIEW, block('b3')), 'head_lags')
})

test('blocks link by parent hash and by height, and only the linked ones count', () => {
  assert.deepEqual(linkedPrefix(VIEW, [block('a9'), block('a10')]), [block('a9'), block('a10')])
  assert.deepEqual(linkedPrefix(VIEW, [block('a9'), block('b10')]), [block('a9')])
  assert.deepEqual(linkedPrefix(VIEW, [block('b9')]), [])
  assert.deepEqual(linkedPrefix(VIEW, [block('a10')]), [], 'a gap does not link')
})

test('a block that has the hash of another one, held or just read, links to nothing', () => {
  const [a9, a10] = [block('a9'), block('a10')]
  const again = (height: number, { hash }: BlockHeader, parent: BlockHeader) => ({
    ...block(`a${height}`),
    hash,
    parentHash: parent.hash,
  })
  assert.deepEqual(linkedPrefix(VIEW, [a9, a10, again(11, a9, a10)]), [a9, a10])
  assert.deepEqual(linkedPrefix(VIEW, [again(9, block('a6'), block('a8'))]), [])
  assert.deepEqual(linkedPrefix(VIEW, [again(9, block('a8'), block('a8'))]), [], 'its own parent')
})

test('connecting out of order is a bug, except over a covered range', () => {
  assert.throws(() => connect(VIEW, [block('a10')], false), /does not follow/)
  assert.throws(() => connect(VIEW, [block('a7')], true), /does not follow/)
  assert.deepEqual(blockAt(connect(VIEW, [block('a20')], true), 20), block('a20'))
})

test('a reorg is planned from the tip down, and never past the finalized block', () => {
  assert.deepEqual(planReorg(VIEW, block('a6')), {
    kind: 'disconnect',
    ancestor: block('a6'),
    blocks: [block('a8'), block('a7')],
  })
  assert.equal(planReorg(finalize(VIEW, block('a6')), block('a5')).kind, 'halt')
  assert.equal(planReorg(VIEW, null).kind, 'halt')
})

test('below all we hold a reorg is followed as far as a person has agreed, and not a block deeper', () => {
  const agreed: ChainView = { ...VIEW, finalized: block('a3') }
  assert.equal(planReorg(VIEW, block('a3')).kind, 'halt')
  assert.equal(planReorg({ ...VIEW, finalized: null }, block('a3')).kind, 'halt')
  assert.equal(planReorg(agreed, block('a2')).kind, 'halt')
  assert.equal(
    planReorg(agreed, block('b3')).kind,
    'halt',
    'another block than the one agreed upon',
  )
  for (const ancestor of [block('a3'), block('a4')]) {
    const blocks = [block('a8'), block('a7'), block('a6'), block('a5')]
    assert.deepEqual(planReorg(agreed, ancestor), { kind: 'disconnect', ancestor, blocks })
    assert.deepEqual(disconnect(agreed, ancestor).blocks, [ancestor])
  }
  assert.throws(() => disconnect(VIEW, block('a3')), /not in our view/)
})

test('disconnecting keeps the ancestor and needs it', () => {
  assert.deepEqual(disconnect(VIEW, block('a6')).blocks, [block('a5'), block('a6')])
  assert.throws(() => disconnect(VIEW, block('b6')), /not in our view/)
})

test('finality is believed only for a block we hold, and never goes back', () => {
  assert.deepEqual(judgeFinality(VIEW, block('a7')), {
    kind: 'accepted',
    finalized: { height: 7, hash: hashOf('a7') },
  })
  assert.deepEqual(judgeFinality(VIEW, block('b7')), {
    kind: 'contradicts',
    ours: block('a7'),
  })
  assert.deepEqual(judgeFinality(VIEW, block('a5')), { kind: 'unchanged' })
  assert.deepEqual(judgeFinality(VIEW, block('a3')), { kind: 'unchanged' })
  assert.throws(() => finalize(VIEW, block('a4')), /finality went back/)
})

test('a finalized block above our tip waits for the tip: its branch may be another', () => {
  assert.deepEqual(judgeFinality(VIEW, block('a30')), { kind: 'unchanged' })
  assert.deepEqual(judgeFinality(VIEW, block('b9')), { kind: 'unchanged' })
})

test('pruning keeps a reorg window below the finalized block', () => {
  const long = viewOf(['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8'], 'a7')
  assert.deepEqual(
    prune(long, CHAIN).blocks.map(({ height }) => height),
    [3, 4, 5, 6, 7, 8],
  )
  assert.equal(
    prune(viewOf(['a1', 'a2']), CHAIN).blocks.length,
    2,
    'without finality nothing is pruned',
  )
})
