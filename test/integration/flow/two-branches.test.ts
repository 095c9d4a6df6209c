import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { readCursor, retryChain } from '../../../src/block/block-store.ts'
import { SourceError } from '../../../src/domain/source.ts'
import { acceptReorg } from '../../../src/drift/accept-reorg.ts'
import { required } from '../../../src/lib/assert.ts'
import { ALICE, storiesOf } from '../../support/anvil-world.ts'
import { addLog, fakeBlock, hashOf, startFakeNode, type FakeNode } from '../../support/fake-node.ts'
import { openFakeSource } from '../../support/fake-source.ts'
import { ANVIL, flowWorld } from '../../support/flow-world.ts'
import { ScriptedChain } from '../../support/scripted-chain.ts'
import { payment, SwitchedSource } from '../../support/switched-source.ts'
import { cursorOf } from '../../support/halted.ts'

/** Providers that stand on two branches: what the one says does not count for the blocks of the other. */

test('what one provider finalized above our tip makes no block of another one final', async (t) => {
  const ours = ScriptedChain.of(10)
  const other = ours.fork()
  other.mineEmpty(50)
  other.finalize(40)
  const source = new SwitchedSource(ours)
  const world = await flowWorld(t, source)
  await world.register([ALICE])
  await world.run(world.watch.follower)
  source.finalityNode = other
  ours.mine([payment(ALICE, 5n)])
  await world.run(world.watch.follower)
  ours.mineEmpty(2)
  await world.run(world.watch.follower)
  assert.deepEqual(await storiesOf(world.db), ['5: detected confirmed'])
  assert.equal((await cursorOf(world)).finalized, null)
})

test('a range is not connected as final history because another provider finalized a higher block', async (t) => {
  const ours = ScriptedChain.of(10)
  const other = ours.fork()
  other.mineEmpty(290)
  other.finalize(236)
  const source = new SwitchedSource(ours)
  const world = await flowWorld(t, source)
  await world.register([ALICE])
  await world.run(world.watch.follower)
  source.finalityNode = other
  ours.mine([payment(ALICE, 20_000n)])
  ours.mineEmpty(89)
  await assert.rejects(world.watch.follower.tick(), isTransient)
  assert.deepEqual(await storiesOf(world.db), [])
  assert.equal((await cursorOf(world)).height, 10)
})

test('a range that ends beside the finalized block is refused, and the finalized branch followed', async (t) => {
  const ours = ScriptedChain.of(10)
  const other = ours.fork()
  other.mineEmpty(290)
  other.finalize(236)
  const source = new SwitchedSource(ours)
  const world = await flowWorld(t, source)
  await world.register([ALICE])
  await world.run(world.watch.follower)
  source.finalityNode = other
  ours.mine([payment(ALICE, 5n)])
  ours.mineEmpty(289)
  await assert.rejects(world.watch.follower.tick(), isTransient)
  source.node = other
  const outcomes = await world.run(world.watch.follower)
  assert.ok(!outcomes.includes('halted'), outcomes.join())
  assert.deepEqual(await storiesOf(world.db), [])
  const { hash, finalized } = await cursorOf(world)
  assert.equal(hash, other.blocks.at(-1)?.hash)
  assert.equal(finalized?.height, 236)
})

test('real nodes: one without finality shows a branch of its own, the other has finalized above it', async (t) => {
  const [first, second] = [await startFakeNode(t, 20), await startFakeNode(t, 70)]
  for (let height = 11; height < 70; height += 1) {
    second.blocks[height] = fakeBlock(height, 'perhaps', 'b')
  }
  required(second.blocks[11], 'of 70 blocks').header['parentHash'] = hashOf(10)
  second.finalized = 60
  first.answers.set('eth_getBlockByNumber', ({ params }) =>
    params[0] === 'finalized' ? { result: null } : undefined,
  )
  addLog(first, 15, { to: ALICE, amount: 5_000_000n })
  const { source } = await openFakeSource(t, [first, second])
  const world = await flowWorld(t, source)
  await world.register([ALICE])
  await world.run(world.watch.follower)
  assert.deepEqual(await storiesOf(world.db), ['5: detected confirmed'])
  const { height, finalized } = await cursorOf(world)
  assert.deepEqual({ height, finalized }, { height: 19, finalized: null })
})

for (const start of ['finalized', 12] as const) {
  test(`real nodes: a chain that starts at ${start} does not begin on another branch than the final one`, async (t) => {
    const [first, second] = [await startFakeNode(t, 20), await startFakeNode(t, 20)]
    for (let height = 11; height < 20; height += 1) {
      first.blocks[height] = fakeBlock(height, 'perhaps', 'b')
    }
    required(first.blocks[11], 'of 20 blocks').header['parentHash'] = hashOf(10)
    second.finalized = 15
    first.answers.set('eth_getBlockByNumber', ({ params }) =>
      params[0] === 'finalized' ? { result: null } : undefined,
    )
    const { source, lines } = await openFakeSource(t, [first, second])
    const world = await flowWorld(t, source, { start })
    assert.deepEqual(await world.run(world.watch.follower), ['waiting_for_start'])
    assert.equal(await readCursor(world.db, ANVIL.chain.id), null)
    assert.match(JSON.stringify(lines), /finalized history differs between providers/)
    for (let height = 11; height < 20; height += 1) first.blocks[height] = fakeBlock(height)
    await world.run(world.watch.follower)
    const { startHeight, hash } = await cursorOf(world)
    assert.deepEqual([startHeight, hash], [start === 12 ? 12 : 15, hashOf(19)])
  })
}

test('a rescan of another branch is refused and writes nothing, final there or not', async (t) => {
  const { ours, other } = partedChains()
  const source = new SwitchedSource(ours)
  const world = await flowWorld(t, source)
  await world.run(world.watch.follower)
  await world.register([ALICE], 1)
  source.node = other
  await assert.rejects(world.watch.rescanner.tick(), isTransient)
  other.finalize(12)
  assert.equal((await world.watch.rescanner.tick()).name, 'stale')
  assert.deepEqual(await storiesOf(world.db), [])
  assert.deepEqual(await world.db.selectFrom('sighting').selectAll().execute(), [])
})

test('a rescan that met another branch goes on as soon as ours is shown again', async (t) => {
  const { ours, other } = partedChains()
  other.finalize(12)
  const source = new SwitchedSource(ours)
  const world = await flowWorld(t, source)
  await world.run(world.watch.follower)
  await world.register([ALICE], 1)
  source.node = other
  await world.run(world.watch.rescanner)
  source.node = ours
  await world.run(world.watch.rescanner)
  assert.deepEqual(await storiesOf(world.db), ['5: detected confirmed final'])
  const [deposit] = await world.db.selectFrom('deposit').select('height').execute()
  assert.equal(deposit?.height, 5)
})

test('a node that hangs on a block that was left does not halt the chain while another one knows better', async (t) => {
  const { ours, hanging, source, world } = await hangingWorld(t)
  source.finalityNode = ours
  source.node = hanging
  for (let look = 0; look < 20; look += 1) await world.watch.follower.tick()
  assert.equal((await cursorOf(world)).halt, null)
  assert.deepEqual(await storiesOf(world.db), ['5: detected confirmed final'])
  source.node = ours
  ours.mine([payment(ALICE, 7n)])
  await world.run(world.watch.follower)
  assert.deepEqual(await storiesOf(world.db), ['5: detected confirmed final', '7: detected'])
})

test('it halts the chain where nobody calls our finalized block final any more', async (t) => {
  const { hanging, source, world } = await hangingWorld(t)
  source.node = hanging
  const outcomes = await world.run(world.watch.follower)
  assert.equal(outcomes.at(-1), 'halted')
})

test('it halts the chain as soon as its branch reaches our tip, and while another knows better there is nothing to accept', async (t) => {
  const { ours, hanging, source, world } = await hangingWorld(t)
  source.finalityNode = ours
  source.node = hanging
  hanging.mineEmpty(ours.blocks.length - hanging.blocks.length)
  assert.equal((await world.watch.follower.tick()).name, 'halted')
  const { halt } = await cursorOf(world)
  assert.equal(halt?.ancestor, null)
  assert.equal(
    halt.reason,
    'a reorg reaches below the finalized block; no ancestor is known: other providers uphold block 11',
  )
  assert.deepEqual(halt.gone, { height: 11, hash: ours.blocks[11]?.hash })
})

test('whoever upheld the finalized block is taken away: a retry tells the ancestor, and the reorg can be followed', async (t) => {
  const { ours, hanging, source, world } = await hangingWorld(t)
  source.finalityNode = ours
  source.node = hanging
  hanging.mineEmpty(ours.blocks.length - hanging.blocks.length)
  await world.watch.follower.tick()
  source.finalityNode = null
  await world.db.transaction().execute((tx) => retryChain(tx, ANVIL.chain.id))
  await world.run(world.watch.follower)
  const { halt } = await cursorOf(world)
  const ancestor = required(halt?.ancestor, 'nobody disputes it')
  assert.deepEqual(ancestor, { height: 10, hash: ours.blocks[10]?.hash })
  assert.deepEqual(await storiesOf(world.db), ['5: detected confirmed final'])
  source.finalityNode = ours
  await world.db.transaction().execute((tx) => acceptReorg(tx, ANVIL.chain.id, ancestor))
  await world.run(world.watch.follower)
  assert.deepEqual(
    await storiesOf(world.db),
    ['5: detected confirmed final reversed'],
    'what a person has accepted is followed',
  )
})

test('real nodes: a long branch that one shows and two contradict can be accepted by nobody', async (t) => {
  const [lying, ...honest] = await threeNodes(t)
  const { source, lines } = await openFakeSource(t, [lying, ...honest])
  const world = await flowWorld(t, source)
  await world.register([ALICE])
  await world.run(world.watch.follower)
  replaceFrom(lying, 11)
  await world.run(world.watch.follower)
  const { halt } = await cursorOf(world)
  assert.equal(halt?.ancestor, null)
  assert.match(halt.reason, /: other providers uphold block 11$/)
  assert.match(JSON.stringify(lines), /a branch that was left is shown as the chain/)
  await world.db.transaction().execute((tx) => retryChain(tx, ANVIL.chain.id))
  for (const node of honest) node.blocks.push(fakeBlock(20))
  await world.run(world.watch.follower)
  assert.equal((await cursorOf(world)).hash, hashOf(20))
  assert.deepEqual(await storiesOf(world.db), ['5: detected confirmed final'])
})

test('real nodes: one that clings to what two have replaced keeps nobody from accepting it', async (t) => {
  const [first, second, clinging] = await threeNodes(t)
  const { source } = await openFakeSource(t, [first, second, clinging])
  const world = await flowWorld(t, source)
  await world.register([ALICE])
  await world.run(world.watch.follower)
  for (const node of [first, second]) replaceFrom(node, 11)
  await world.run(world.watch.follower)
  const { halt } = await cursorOf(world)
  assert.deepEqual(halt?.ancestor, { height: 10, hash: hashOf(10) })
  assert.equal(halt.reason, 'a reorg reaches below the finalized block')
})

test('real nodes: one that is left behind with a finality of its own is turned away from, nothing halts', async (t) => {
  const [first, second] = [await startFakeNode(t, 20), await startFakeNode(t, 20)]
  first.finalized = second.finalized = 15
  const { source, clock, lines } = await openFakeSource(t, [first, second])
  const world = await flowWorld(t, source)
  await world.register([ALICE])
  await world.run(world.watch.follower)
  first.blocks.length = 18
  for (let height = 11; height < 18; height += 1) {
    first.blocks[height] = fakeBlock(height, 'perhaps', 'b')
  }
  required(first.blocks[11], 'of 18 blocks').header['parentHash'] = hashOf(10)
  first.finalized = 16
  second.blocks.push(fakeBlock(20))
  addLog(second, 20, { to: ALICE, amount: 5_000_000n })
  for (let look = 0; look < 8; look += 1) await world.watch.follower.tick()
  assert.equal((await cursorOf(world)).halt, null)
  assert.deepEqual(await storiesOf(world.db), ['5: detected'])
  assert.match(JSON.stringify(lines), /a branch that was left is shown as the chain/)
  clock.ms += 60_000
  second.blocks.push(fakeBlock(21))
  for (let look = 0; look < 8; look += 1) await world.watch.follower.tick()
  assert.equal((await cursorOf(world)).height, 21, 'and again, whenever it comes back')
})

/** Three nodes that agree: a payment in block 12 is final. */
async function threeNodes(t: TestContext): Promise<[FakeNode, FakeNode, FakeNode]> {
  const node = async () => {
    const one = await startFakeNode(t, 20)
    one.finalized = 15
    addLog(one, 12, { to: ALICE, amount: 5_000_000n })
    return one
  }
  return [await node(), await node(), await node()]
}

/** Another branch without payments from a height on, and a block longer. */
function replaceFrom(node: FakeNode, from: number): void {
  for (let height = from; height <= 20; height += 1) {
    node.blocks[height] = fakeBlock(height, 'no', 'b')
  }
  required(node.blocks[from], 'of 20 blocks').header['parentHash'] = hashOf(from - 1)
}

/** We have followed one node to a payment that is final; another one stopped on a branch that was left before. */
async function hangingWorld(t: TestContext) {
  const ours = ScriptedChain.of(10)
  const hanging = ours.fork()
  hanging.mineEmpty(2)
  ours.mine([payment(ALICE, 5n)])
  ours.mineEmpty(9)
  ours.finalize(15)
  const source = new SwitchedSource(ours)
  const world = await flowWorld(t, source)
  await world.register([ALICE])
  await world.run(world.watch.follower)
  return { ours, hanging, source, world }
}

/** Two chains of 15 blocks that part after the third: the same payment is in ours at 5, in the other one at 4. */
function partedChains(): { ours: ScriptedChain; other: ScriptedChain } {
  const ours = ScriptedChain.of(3)
  const other = ours.fork()
  other.mine([payment(ALICE, 5n)])
  other.mineEmpty(11)
  ours.mineEmpty(1)
  ours.mine([payment(ALICE, 5n)])
  ours.mineEmpty(10)
  ours.finalize(12)
  return { ours, other }
}

function isTransient(error: unknown): boolean {
  return error instanceof SourceError && error.kind === 'transient'
}
