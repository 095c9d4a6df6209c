import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { readView } from '../../../src/block/block-store.ts'
import { tipOf } from '../../../src/block/chain-view.ts'
import { enableRail } from '../../../src/environment/environment-store.ts'
import type { Address } from '../../../src/domain/chain.ts'
import { required } from '../../../src/lib/assert.ts'
import {
  fakeBlock,
  fakeLog,
  hashOf as fakeHash,
  quantity,
  startFakeNode,
  type FakeNode,
} from '../../support/fake-node.ts'
import { fakeDeps, openFakeSource } from '../../support/fake-source.ts'
import { ANVIL, ENVIRONMENT, flowWorld, RAIL, type FlowWorld } from '../../support/flow-world.ts'
import { hashOf, ScriptedChain } from '../../support/scripted-chain.ts'

const ALICE: Address = `0x${'a1'.repeat(20)}`
const STRANGER: Address = `0x${'0f'.repeat(20)}`

function payment(name: string) {
  return { rail: RAIL.id, txHash: hashOf(name), from: STRANGER, to: ALICE, amount: 5_000_000n }
}

test('a daemon whose chain files lack a rail in use does not move the chain past it', async (t) => {
  const chain = new ScriptedChain()
  const world = await flowWorld(t, chain)
  const rail = 'anvil/usdc'
  await world.db
    .transaction()
    .execute((tx) => enableRail(tx, { environment: ENVIRONMENT, rail, now: new Date() }))
  chain.mine([payment('a')])
  await assert.rejects(world.watch.follower.tick(), /anvil\/usdc is in use but not under chains\//)
  assert.deepEqual(await world.db.selectFrom('chain_cursor').selectAll().execute(), [])
})

test('a shorter branch is followed only when it has been shown four times in a row', async (t) => {
  const chain = new ScriptedChain()
  const world = await flowWorld(t, chain)
  await world.register([ALICE])
  for (const name of ['a', 'b', 'c', 'd']) chain.mine([payment(name)])
  await world.run(world.watch.follower)
  chain.cut(3)
  chain.mine([])
  const { follower } = world.watch
  const looks: string[] = []
  for (let look = 0; look < 4; look += 1) looks.push((await follower.tick()).name)
  assert.deepEqual(looks, [
    'branch_is_shorter',
    'branch_is_shorter',
    'branch_is_shorter',
    'reorganised',
  ])
})

test('a deposit remembers when it entered each state it has been in', async (t) => {
  const chain = new ScriptedChain()
  const world = await flowWorld(t, chain)
  await world.register([ALICE])
  chain.mine([payment('a')])
  await world.run(world.watch.follower)
  const times = async () => {
    const row = await world.db.selectFrom('deposit').selectAll().executeTakeFirstOrThrow()
    const { confirmed_at, final_at, orphaned_at, reversed_at } = row
    return [confirmed_at, final_at, orphaned_at, reversed_at].map((time) => time !== null)
  }
  assert.deepEqual(await times(), [false, false, false, false])
  const cut = chain.cut(1)
  chain.mine([])
  await world.run(world.watch.follower)
  assert.deepEqual(await times(), [false, false, true, false])
  chain.mine(cut.flatMap((block) => block.transfers))
  chain.mine([])
  chain.mine([])
  await world.run(world.watch.follower)
  assert.deepEqual(await times(), [true, false, true, false])
  chain.finalize(3)
  chain.mine([])
  await world.run(world.watch.follower)
  assert.deepEqual(await times(), [true, true, true, false])
})

test('a block under the hash of one that is read with it is not connected, and the chain goes on', async (t) => {
  const { node, world, lines } = await fakeWorld(t)
  showUnder(node, 11, fakeHash(5))
  assert.equal((await world.run(world.watch.follower)).at(-1), 'hash_is_taken')
  await assertGoesOn(world, node)
  assert.match(JSON.stringify(lines), /a block has the hash of another one/)
})

test('a block under the hash of one that is held is not connected, and the chain goes on', async (t) => {
  const { node, world, lines } = await fakeWorld(t)
  await world.run(world.watch.follower)
  showUnder(node, 11, fakeHash(5))
  assert.equal((await world.run(world.watch.follower)).at(-1), 'hash_is_taken')
  await assertGoesOn(world, node)
  assert.match(JSON.stringify(lines), /a block has the hash of another one/)
})

test('a range that ends under the hash of a block that is held is not connected', async (t) => {
  const chain = new ScriptedChain()
  chain.mineEmpty(10)
  const { lines, deps } = fakeDeps()
  const world = await flowWorld(t, chain, { report: deps.report })
  await world.run(world.watch.follower)
  const before = await readView(world.db, ANVIL.chain.id)
  const { hash } = required(chain.blocks[5], 'of ten')
  chain.mineEmpty(190)
  chain.finalize(180)
  const read = chain.range.bind(chain)
  chain.range = async (from, to) => {
    const range = await read(from, to)
    return { ...range, last: { ...range.last, hash } }
  }
  chain.isFinal = async () => true
  assert.equal((await world.watch.follower.tick()).name, 'hash_is_taken')
  assert.deepEqual(await readView(world.db, ANVIL.chain.id), before)
  assert.match(JSON.stringify(lines), /a block has the hash of another one/)
})

test('a hash that was shown for another height, and left with its block, stands in no block’s way', async (t) => {
  const { node, world } = await fakeWorld(t)
  showUnder(node, 11, fakeHash(12))
  await world.run(world.watch.follower)
  assert.equal(tipOf(await readView(world.db, ANVIL.chain.id))?.hash, fakeHash(12))
  await assertGoesOn(world, node)
})

test('what was seen in a block under the hash of another height is on record where that block stands', async (t) => {
  const { node, world } = await fakeWorld(t)
  await world.register([ALICE])
  showUnder(node, 11, fakeHash(12))
  const early = { ...fakeLog(11, 0, { to: ALICE }), blockHash: fakeHash(12) }
  node.blocks[11]?.logs.push(early)
  await world.run(world.watch.follower)
  const place = { blockNumber: quantity(12), logIndex: quantity(3) }
  node.blocks[11] = fakeBlock(11)
  node.blocks[12] = { ...fakeBlock(12), logs: [{ ...early, ...place }] }
  await world.run(world.watch.follower)
  const sightings = await world.db.selectFrom('sighting').selectAll().execute()
  const times = sightings.map(({ block_time: time }) => time.getTime())
  assert.deepEqual(
    sightings.map(({ height, log_index, orphaned_at }) => ({ height, log_index, orphaned_at })),
    [{ height: 12, log_index: 3, orphaned_at: null }],
  )
  assert.deepEqual(times, [Number(fakeBlock(12).header.timestamp) * 1_000])
})

async function fakeWorld(t: TestContext) {
  const node = await startFakeNode(t, 11)
  const { source, lines, deps } = await openFakeSource(t, [node])
  return { node, lines, world: await flowWorld(t, source, { report: deps.report }) }
}

/** On top, a block that links and is not called by its own name. */
function showUnder(node: FakeNode, height: number, hash: string): void {
  const block = fakeBlock(height)
  node.blocks[height] = { ...block, header: { ...block.header, hash } }
}

/** What is in the database can be read, and the true blocks go on top. */
async function assertGoesOn(world: FlowWorld, node: FakeNode): Promise<void> {
  await readView(world.db, ANVIL.chain.id)
  for (const height of [11, 12, 13]) node.blocks[height] = fakeBlock(height)
  await world.run(world.watch.follower)
  const { blocks } = await readView(world.db, ANVIL.chain.id)
  assert.deepEqual(
    blocks.map(({ hash }) => hash),
    Array.from({ length: 14 }, (_, height) => fakeHash(height)),
  )
}
