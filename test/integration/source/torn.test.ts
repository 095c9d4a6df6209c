import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { FinalityRule } from '../../../src/domain/chain.ts'
import type { ChainSource } from '../../../src/domain/source.ts'
import { undiciHttp, type RpcHttp } from '../../../src/source/index.ts'
import { fakeBlock, hashOf, startFakeNode, type FakeNode } from '../../support/fake-node.ts'
import { openFakeSource } from '../../support/fake-source.ts'

/** Two nodes behind one URL: one follows the chain, the other one hangs on a branch that was left at height 6. */

const LEFT_BLOCK = { height: 6, hash: hashOf(6, 'b') }

test('by depth, a block is final only where one node shows it below the head that was named', async (t) => {
  const { source, answerWith } = await tornSource(t, { kind: 'depth', blocks: 3 })
  answerWith('chain', 'hung')
  assert.equal(await source.finalizedHead(), null, 'the head of the one, the block of the other')
  answerWith('hung', 'chain')
  assert.equal(await source.finalizedHead(), null, 'block 7 is not the head that was named')
  answerWith('chain', 'chain')
  assert.equal((await source.finalizedHead())?.hash, hashOf(7))
  answerWith('hung', 'hung')
  assert.equal((await source.finalizedHead())?.height, 5, 'before the branches part')
})

test('what one node calls final says nothing about the blocks of another', async (t) => {
  for (const finality of [{ kind: 'finalized' }, { kind: 'depth', blocks: 3 }] as const) {
    const { source, answerWith } = await tornSource(t, finality)
    answerWith('chain', 'hung', 'hung')
    assert.equal(await source.isFinal(LEFT_BLOCK), false)
    answerWith('hung', 'chain', 'chain')
    assert.equal(await source.isFinal(LEFT_BLOCK), false)
    answerWith('chain', 'chain', 'chain')
    assert.equal(await source.isFinal({ height: 6, hash: hashOf(6) }), true)
  }
})

type Which = 'chain' | 'hung'

async function tornSource(
  t: TestContext,
  finality: FinalityRule,
): Promise<{ source: ChainSource; answerWith: (...turns: Which[]) => void }> {
  const nodes = { chain: await startFakeNode(t), hung: await startFakeNode(t, 8) }
  nodes.chain.finalized = 7
  nodes.hung.finalized = 5
  for (const height of [6, 7]) nodes.hung.blocks[height] = fakeBlock(height, 'perhaps', 'b')
  const turns: Which[] = []
  const { source } = await openFakeSource(t, [nodes.chain], {
    finality,
    http: balancer(nodes, turns),
  })
  return { source, answerWith: (...next) => turns.splice(0, Infinity, ...next) }
}

/** Whose turn it is answers; the node that follows the chain when nobody's is. */
function balancer(nodes: Record<Which, FakeNode>, turns: Which[]): RpcHttp {
  const http = undiciHttp()
  return {
    post: (question, limits) => {
      const { url } = nodes[turns.shift() ?? 'chain']
      return http.post({ ...question, url }, limits)
    },
  }
}
