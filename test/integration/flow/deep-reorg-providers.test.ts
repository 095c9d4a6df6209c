import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { readCursor, retryChain } from '../../../src/block/block-store.ts'
import { required } from '../../../src/lib/assert.ts'
import { everything } from '../../support/database.ts'
import { ALICE, storiesOf } from '../../support/anvil-world.ts'
import { addLog, fakeBlock, hashOf, startFakeNode, type FakeNode } from '../../support/fake-node.ts'
import { openFakeSource } from '../../support/fake-source.ts'
import { ANVIL, flowWorld, type FlowWorld } from '../../support/flow-world.ts'
import { ScriptedChain } from '../../support/scripted-chain.ts'
import { payment, SwitchedSource } from '../../support/switched-source.ts'
import { cursorOf, resume } from '../../support/halted.ts'

/** A reorg below every header we hold, shown by one provider, by several, or by one that was wrong. */

const CHAIN = ANVIL.chain.id
const AS_IT_WAS = ['5: detected confirmed final', '7: detected confirmed final']

test('the provider was wrong: once it shows our blocks again, a retry leaves everything as it was', async (t) => {
  const { ours, wrong, source, world } = await deepWorld(t)
  const before = await everything(world.db)
  const { finalized } = await cursorOf(world)
  source.node = wrong
  assert.equal((await follow(world)).at(0), 'halted')
  await retry(world)
  assert.equal((await follow(world)).at(0), 'halted', 'it still contradicts')
  source.node = ours
  await retry(world)
  assert.deepEqual(await follow(world), ['nothing_new'])
  assert.deepEqual(await everything(world.db), before)
  assert.deepEqual((await cursorOf(world)).finalized, finalized)
})

test('resumed, but our blocks are shown again after all: nothing was given up', async (t) => {
  const { ours, wrong, source, world } = await deepWorld(t)
  const before = await everything(world.db)
  const { finalized } = await cursorOf(world)
  source.node = wrong
  await follow(world)
  await resume(world)
  source.node = ours
  await follow(world)
  assert.deepEqual(await everything(world.db), before)
  assert.deepEqual((await cursorOf(world)).finalized, finalized)
})

test('while others uphold what one has replaced there is no depth to agree to; once they do not, there is', async (t) => {
  const { ours, wrong, source, world } = await deepWorld(t)
  const before = await everything(world.db)
  source.node = wrong
  source.finalityNode = ours
  assert.equal((await follow(world)).at(0), 'halted')
  const disputed = await cursorOf(world)
  assert.equal(disputed.halt?.ancestor, null)
  assert.match(
    disputed.halt.reason,
    /^a reorg reaches below every header we hold; no ancestor is known: other providers uphold block \d+$/,
  )
  assert.deepEqual(await everything(world.db), before)

  source.finalityNode = null
  await retry(world)
  await follow(world)
  const { halt } = await cursorOf(world)
  const [, second] = world.paid
  assert.equal(halt?.ancestor?.hash, world.paid[0])
  assert.equal(halt?.gone?.hash, second)
  assert.deepEqual(await storiesOf(world.db), AS_IT_WAS)
})

test('real nodes: one that lies about the depth is turned away from, and the other one tells it', async (t) => {
  const nodes = [await startFakeNode(t, 200), await startFakeNode(t, 200)] as const
  for (const node of nodes) {
    node.finalized = 180
    addLog(node, 20, { to: ALICE, amount: 5_000_000n })
    addLog(node, 100, { to: ALICE, amount: 7_000_000n })
  }
  const { source, lines } = await openFakeSource(t, nodes)
  const world = await flowWorld(t, source)
  await world.register([ALICE])
  assert.ok((await follow(world)).includes('backfilled'))
  assert.deepEqual(await storiesOf(world.db), AS_IT_WAS)

  const [lying, honest] = nodes
  replaceFrom(honest, 60, 'b')
  replaceFrom(lying, 15, 'c')
  await follow(world)
  assert.equal((await cursorOf(world)).halt?.ancestor, null)
  assert.match(JSON.stringify(lines), /a branch that was left is shown as the chain/)
  await retry(world)
  await follow(world)
  const { halt } = await cursorOf(world)
  assert.deepEqual([halt?.ancestor?.height, halt?.gone?.height], [20, 100])
  await resume(world)
  await follow(world)
  assert.deepEqual(await storiesOf(world.db), [
    '5: detected confirmed final',
    '7: detected confirmed final reversed',
  ])
})

test('agreed to, then disputed: it halts again and takes nothing back', async (t) => {
  const { ours, wrong, source, world } = await deepWorld(t)
  const before = await everything(world.db)
  source.node = wrong
  await follow(world)
  await resume(world)
  source.finalityNode = ours
  assert.equal((await follow(world)).at(0), 'halted')
  assert.deepEqual(await everything(world.db), before)
  source.finalityNode = null
  await retry(world)
  await follow(world)
  assert.deepEqual(await storiesOf(world.db), [
    '5: detected confirmed final',
    '7: detected confirmed final reversed',
  ])
})

test('a chain that has called nothing final yet does not follow below its first block by itself', async (t) => {
  const ours = ScriptedChain.of(10)
  const other = ours.fork()
  ours.mineEmpty(20)
  ours.mine([payment(ALICE, 5n)])
  const source = new SwitchedSource(ours)
  const world = await flowWorld(t, source, { start: 20 })
  await world.register([ALICE])
  await world.run(world.watch.follower)
  other.mine([])
  other.mineEmpty(30)
  source.node = other
  assert.equal((await world.run(world.watch.follower)).at(0), 'halted')
  const { halt, finalized } = required(await readCursor(world.db, CHAIN), 'the chain has begun')
  assert.equal(finalized, null)
  assert.deepEqual(halt?.ancestor, { height: 19, hash: other.blocks[19]?.hash })
  assert.deepEqual(await storiesOf(world.db), ['5: detected'])
  await resume(world)
  await world.run(world.watch.follower)
  assert.deepEqual(await storiesOf(world.db), ['5: detected orphaned'])
  assert.equal((await readCursor(world.db, CHAIN))?.height, 41)
})

test('blocks that had been left before tell nothing: only where deposits stand counts', async (t) => {
  const ours = ScriptedChain.of(10)
  const source = new SwitchedSource(ours)
  const world = await flowWorld(t, source)
  await world.register([ALICE])
  ours.mine([payment(ALICE, 5n)])
  ours.mineEmpty(2)
  ours.mine([payment(ALICE, 6n)])
  await follow(world)
  ours.cut(2)
  ours.mineEmpty(4)
  const kept = ours.mine([payment(ALICE, 7n)])
  const wrong = ours.fork()
  const gone = ours.mine([payment(ALICE, 8n)])
  for (const chain of [ours, wrong]) {
    chain.mineEmpty(200 - chain.blocks.length)
    chain.finalize(190)
  }
  assert.ok((await follow(world)).includes('backfilled'))
  source.node = wrong
  await follow(world)
  const { halt } = await cursorOf(world)
  assert.deepEqual([halt?.ancestor?.hash, halt?.gone?.hash], [kept.hash, gone.hash])
  await resume(world)
  await follow(world)
  assert.deepEqual(await storiesOf(world.db), [
    '5: detected confirmed final',
    '6: detected orphaned',
    '7: detected confirmed final',
    '8: detected confirmed final reversed',
  ])
})

interface DeepWorld extends FlowWorld {
  /** Hashes of the blocks with payments. */
  readonly paid: readonly string[]
}

/** Two final payments, read in a range; `wrong` parts from ours between them, and is as long. */
async function deepWorld(t: TestContext) {
  const ours = ScriptedChain.of(10)
  const first = ours.mine([payment(ALICE, 5n)])
  ours.mineEmpty(20)
  const wrong = ours.fork()
  ours.mineEmpty(5)
  const second = ours.mine([payment(ALICE, 7n)])
  ours.mineEmpty(150)
  wrong.mineEmpty(156)
  const finalHeight = ours.blocks.length - 10
  ours.finalize(finalHeight)
  wrong.finalize(finalHeight)
  const source = new SwitchedSource(ours)
  const flow = await flowWorld(t, source)
  await flow.register([ALICE])
  const world: DeepWorld = { ...flow, paid: [first.hash, second.hash] }
  assert.ok((await follow(world)).includes('backfilled'))
  assert.deepEqual(await storiesOf(world.db), AS_IT_WAS)
  return { ours, wrong, source, world }
}

function follow(world: FlowWorld): Promise<string[]> {
  return world.run(world.watch.follower)
}

async function retry({ db }: FlowWorld): Promise<void> {
  await db.transaction().execute((tx) => retryChain(tx, CHAIN))
}

/** Another branch from a height on, without payments, and a block longer. */
function replaceFrom(node: FakeNode, from: number, branch: string): void {
  for (let height = from; height <= 200; height += 1) {
    node.blocks[height] = fakeBlock(height, 'no', branch)
  }
  required(node.blocks[from], 'of 200').header['parentHash'] = hashOf(from - 1)
}
