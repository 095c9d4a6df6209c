import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Rule } from '../../../src/domain/policy.ts'
import { required } from '../../../src/lib/assert.ts'
import { adapterFor } from '../../../src/source/index.ts'
import { standingDeposits, storiesOf } from '../../support/anvil-world.ts'
import { flowWorld, type FlowWorld } from '../../support/flow-world.ts'
import { openTronSource, tronConfig } from '../../support/tron-chain.ts'
import { startTronNode, type TronNode } from '../../support/tron-node.ts'
import { EXPECTED, type ExpectedBlock, type TronView } from '../../support/tron-recording.ts'
import {
  ANCESTOR,
  branchAfter,
  branchBefore,
  halfSwitched,
  OLD_HEAD,
  seenViews,
} from '../../support/tron-switch.ts'

/**
 * The recorded switch of TRON branches, 13 blocks deep, watched by the real source and the real flow: what is left
 * are the deposits of the surviving chain. One moved to a higher block, one vanished, and one appeared far below
 * the head that had been read already.
 */

const { token: contract, before, after } = EXPECTED.switch
const RECIPIENTS = [...before, ...after].flatMap(({ transfers }) => transfers.map(({ to }) => to))
const BEFORE: TronView = { head: OLD_HEAD, solid: 149, blocks: branchBefore() }
const SETTLED: TronView = { head: 188, solid: 168, blocks: branchAfter() }

/** Five confirmations come within the branch that is given up; finality does not. */
const FIVE: Rule = { confirmations: 5, finality: false }
const FINALITY: Rule = { confirmations: null, finality: true }

/** What became of each of the four payments, if the node's view before the switch was seen. */
const LIVES = [
  '0.000444: detected confirmed reversed detected confirmed final',
  '0.001111: detected confirmed final',
  '0.005222: detected confirmed reversed',
  '0.005333: detected confirmed final',
]

test('polled at every head that was seen', async (t) => {
  const { node, world, follow } = await switchWorld(t)
  for (const view of seenViews()) {
    node.view = view
    await follow()
  }
  assert.deepEqual((await storiesOf(world.db)).toSorted(), LIVES)
  await assertSurvivors(world)
})

test('polled once before and once after', async (t) => {
  const { node, world, follow } = await switchWorld(t)
  await follow()
  assert.deepEqual(await standingDeposits(world.db), deposits(before))
  node.view = SETTLED
  assert.ok((await follow()).includes('reorganised'))
  assert.deepEqual((await storiesOf(world.db)).toSorted(), LIVES)
  await assertSurvivors(world)
})

test('polled in the middle of it, while blocks are popped and applied one by one', async (t) => {
  const { node, world, follow } = await switchWorld(t)
  await follow()
  for (let head = OLD_HEAD - 1; head >= ANCESTOR; head -= 1) {
    node.view = halfSwitched(head, 'popping')
    await follow()
  }
  for (let head = ANCESTOR + 1; head <= 171; head += 1) {
    node.view = halfSwitched(head, 'applying')
    await follow()
  }
  node.view = SETTLED
  await follow()
  assert.deepEqual((await storiesOf(world.db)).toSorted(), LIVES)
  await assertSurvivors(world)
})

test('switched between two answers about one block', async (t) => {
  const { node, world, follow } = await switchWorld(t, { ...BEFORE, head: 157 })
  await follow()
  node.view = BEFORE
  node.bends.set('/wallet/gettransactioninfobyblocknum', ({ body }, request) => {
    if (request.body['num'] === 163) node.view = SETTLED
    return body
  })
  await follow()
  node.bends.clear()
  await follow()
  await assertSurvivors(world)
})

test('only the surviving branch was ever seen', async (t) => {
  const { world, follow } = await switchWorld(t, SETTLED)
  await follow()
  assert.deepEqual((await storiesOf(world.db)).toSorted(), [
    '0.000444: detected confirmed final',
    '0.001111: detected confirmed final',
    '0.005333: detected confirmed final',
  ])
  await assertSurvivors(world)
})

test('what waits for finality was never confirmed on the branch that was given up', async (t) => {
  const { node, world, follow } = await switchWorld(t, BEFORE, FINALITY)
  for (const view of seenViews()) {
    node.view = view
    await follow()
  }
  assert.deepEqual((await storiesOf(world.db)).toSorted(), [
    '0.000444: detected orphaned detected confirmed final',
    '0.001111: detected confirmed final',
    '0.005222: detected orphaned',
    '0.005333: detected confirmed final',
  ])
  await assertSurvivors(world)
})

test('two nodes on two branches: back and forth ends on the branch that is solid', async (t) => {
  const { node, world, follow } = await switchWorld(t)
  for (const view of [BEFORE, { ...SETTLED, head: 172, solid: 149 }, BEFORE, SETTLED]) {
    node.view = view
    await follow()
  }
  await assertSurvivors(world)
})

interface SwitchWorld {
  readonly node: TronNode
  readonly world: FlowWorld
  readonly follow: () => Promise<string[]>
}

async function switchWorld(
  t: TestContext,
  view: TronView = BEFORE,
  rule: Rule = FIVE,
): Promise<SwitchWorld> {
  const node = await startTronNode(t, view)
  const { source } = await openTronSource(t, [node], { contract })
  const world = await flowWorld(t, source, {
    watched: tronConfig({ contract, providers: [] }),
    codec: adapterFor('tron').codec,
    policy: {
      minimumAmount: 1n,
      bands: [{ upTo: null, rule, providers: 1 }],
      onFinalityStall: 'hold',
    },
    start: 150,
  })
  await world.register(RECIPIENTS)
  return { node, world, follow: () => world.run(world.watch.follower) }
}

/** The standing deposits are the transfers of the surviving branch, each in its block there. */
async function assertSurvivors({ db }: FlowWorld): Promise<void> {
  assert.deepEqual(await standingDeposits(db), deposits(after))
  const rows = await db.selectFrom('deposit').select(['state', 'height']).execute()
  const vanished = rows.filter(({ state }) => state !== 'final')
  for (const { state, height } of vanished) {
    assert.ok(state === 'orphaned' || state === 'reversed', state)
    assert.equal(height, 157)
  }
}

function deposits(blocks: readonly ExpectedBlock[]): string[] {
  const lines = blocks.flatMap(({ height, blockID, txid, transfers }) =>
    transfers.map(({ amount }) => {
      const tx = required(txid, 'what transfers is a transaction')
      return `0x${tx} ${amount} in ${height} 0x${blockID} at 0`
    }),
  )
  return lines.toSorted()
}
