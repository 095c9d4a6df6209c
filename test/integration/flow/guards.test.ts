import assert from 'node:assert/strict'
import { test } from 'node:test'
import { enableRail } from '../../../src/environment/environment-store.ts'
import type { Address } from '../../../src/domain/chain.ts'
import { ENVIRONMENT, flowWorld, RAIL } from '../../support/flow-world.ts'
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
