import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { toHex } from '../../../src/lib/hex.ts'
import type { Policy } from '../../../src/domain/policy.ts'
import { requestRescan } from '../../../src/match/rescan-store.ts'
import type { Db } from '../../../src/store/database.ts'
import { ALICE, storiesOf, TWO_BANDS } from '../../support/anvil-world.ts'
import { addLog, startFakeNode, type FakeNode } from '../../support/fake-node.ts'
import { fakeDeps, openFakeSource } from '../../support/fake-source.ts'
import { ANVIL, flowWorld, type FlowWorld } from '../../support/flow-world.ts'
import { ScriptedChain } from '../../support/scripted-chain.ts'
import { payment } from '../../support/switched-source.ts'

/** A provider shows one transaction in two blocks of one chain: one of them is a lie, and nobody can tell which. */

const TWO_PROVIDERS: Policy = {
  ...TWO_BANDS,
  bands: [{ upTo: null, rule: { confirmations: 2, finality: false }, providers: 2 }],
}

test('a transaction that connects in a second block is one deposit, reported, and the chain goes on', async (t) => {
  const { chain, world, lies } = await scriptedWorld(t)
  await world.register([ALICE])
  const first = chain.mine([payment(ALICE, 5n)])
  await world.run(world.watch.follower)
  const second = chain.mine([payment(ALICE, 5n)])
  await world.run(world.watch.follower)
  chain.mine([payment(ALICE, 7n)])
  await world.run(world.watch.follower)
  assert.deepEqual(await storiesOf(world.db), ['5: detected confirmed', '7: detected'])
  assert.deepEqual(await placesOf(world.db), [first.hash, chain.blocks.at(-1)?.hash])
  const { txHash } = payment(ALICE, 5n)
  assert.deepEqual(lies(), [
    {
      txHash,
      kept: { height: first.height, hash: first.hash },
      alsoIn: { height: second.height, hash: second.hash },
    },
  ])
})

test('two blocks that connect together and show one transaction make one deposit, in the first', async (t) => {
  const { chain, world, lies } = await scriptedWorld(t)
  await world.register([ALICE])
  const first = chain.mine([payment(ALICE, 5n)])
  chain.mine([payment(ALICE, 5n)])
  chain.mine([])
  await world.run(world.watch.follower)
  assert.deepEqual(await storiesOf(world.db), ['5: detected confirmed'])
  assert.deepEqual(await placesOf(world.db), [first.hash])
  assert.equal(lies().length, 1)
})

test('a history that shows one transaction in two blocks makes one deposit', async (t) => {
  const { chain, world, lies } = await scriptedWorld(t)
  await world.run(world.watch.follower)
  await world.register([ALICE])
  const first = chain.mine([payment(ALICE, 5n)])
  chain.mine([payment(ALICE, 5n)])
  chain.mineEmpty(200)
  chain.finalize(200)
  const outcomes = await world.run(world.watch.follower)
  assert.ok(outcomes.includes('backfilled'), outcomes.join())
  assert.deepEqual(await storiesOf(world.db), ['5: detected confirmed final'])
  assert.deepEqual(await placesOf(world.db), [first.hash])
  assert.equal(lies().length, 1)
})

test('a rescan over the second block ends, and says so once more', async (t) => {
  const { chain, world, lies } = await scriptedWorld(t)
  await world.register([ALICE])
  const first = chain.mine([payment(ALICE, 5n)])
  await world.run(world.watch.follower)
  chain.mine([payment(ALICE, 5n)])
  await world.run(world.watch.follower)
  const request = { chainId: ANVIL.chain.id, from: 1, to: 2, reason: 'test', now: new Date() }
  await world.db.transaction().execute((tx) => requestRescan(tx, request))
  assert.ok((await world.run(world.watch.rescanner)).includes('finished'))
  assert.deepEqual(await storiesOf(world.db), ['5: detected confirmed'])
  assert.deepEqual(await placesOf(world.db), [first.hash])
  assert.equal(lies().length, 2)
})

test('once its block has left, a deposit moves to the block that shows it then', async (t) => {
  const { chain, world, lies } = await scriptedWorld(t)
  await world.register([ALICE])
  chain.mine([payment(ALICE, 5n)])
  chain.mine([payment(ALICE, 5n)])
  await world.run(world.watch.follower)
  chain.cut(2)
  chain.mine([])
  const again = chain.mine([payment(ALICE, 5n)])
  chain.mine([])
  await world.run(world.watch.follower)
  assert.deepEqual(await storiesOf(world.db), ['5: detected confirmed reversed detected confirmed'])
  assert.deepEqual(await placesOf(world.db), [again.hash])
  assert.equal(lies().length, 1)
})

test('where two providers are asked for, the true sighting finds its witness and the lie none', async (t) => {
  const [first, second] = [await startFakeNode(t, 20), await startFakeNode(t, 20)]
  const { source } = await openFakeSource(t, [first, second])
  const world = await flowWorld(t, source, { policy: TWO_PROVIDERS })
  await world.register([ALICE])
  addLog(first, 5, { to: ALICE, amount: 5_000_000n })
  addLog(second, 5, { to: ALICE, amount: 5_000_000n })
  repeatLog(first, 5, 6)
  addLog(first, 8, { to: ALICE, amount: 7_000_000n })
  repeatLog(first, 8, 9)
  repeatLog(second, 9, 9, first)
  await world.run(world.watch.follower, world.watch.witness)
  assert.deepEqual(await storiesOf(world.db), ['5: detected confirmed final', '7: detected'])
})

/** The last log of a block once more, in another one: the same transaction. */
function repeatLog(to: FakeNode, from: number, height: number, source: FakeNode = to): void {
  const block = to.blocks[height]
  const log = source.blocks[from]?.logs.at(-1)
  assert.ok(block !== undefined && log !== undefined)
  const { number: blockNumber, hash: blockHash } = block.header
  block.logs.push({ ...log, blockNumber, blockHash, logIndex: '0x0' })
}

/** A scripted chain, followed; `lies`: what was said of transactions in two blocks. */
async function scriptedWorld(
  t: TestContext,
): Promise<{ chain: ScriptedChain; world: FlowWorld; lies: () => unknown[] }> {
  const chain = new ScriptedChain()
  const { lines, deps } = fakeDeps()
  const world = await flowWorld(t, chain, { report: deps.report, policy: TWO_BANDS })
  const lies = () =>
    lines
      .filter(({ msg }) => String(msg).includes('one transaction stands in two blocks'))
      .map(({ evidence }) => {
        const { depositId, ...rest } = evidence as { depositId: string }
        assert.match(depositId, /^dep_/)
        return rest
      })
  return { chain, world, lies }
}

async function placesOf(db: Db) {
  const rows = await db.selectFrom('deposit').select('block_hash').orderBy('height').execute()
  return rows.map(({ block_hash: hash }) => toHex(hash))
}
