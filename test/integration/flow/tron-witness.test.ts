import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TOKEN_ADDRESS } from '../../../src/dev/tron/ledger/contracts.ts'
import type { TronNode } from '../../../src/dev/tron/node.ts'
import { ALICE, BOB, UNIT } from '../../support/anvil-world.ts'
import { DEVNET_RAIL, openDevnet, openDevnetSource, SOLID_LAG } from '../../support/devnet-chain.ts'
import {
  assertMirrorsDevnet,
  devnetWorld,
  TWO_WITNESSES,
  type DevnetWorld,
} from '../../support/devnet-world.ts'

const INFOS = '/wallet/gettransactioninfobyblocknum'

async function worldOfTwo(
  t: Parameters<typeof devnetWorld>[0],
): Promise<DevnetWorld & { first: TronNode; second: TronNode }> {
  const world = await devnetWorld(t, {
    policy: TWO_WITNESSES,
    providers: [{}, { phantomLogs: true }],
  })
  await world.register([ALICE, BOB])
  const [first, second] = world.nodes
  assert.ok(first && second)
  return { ...world, first, second }
}

test('two nodes that show it confirm it, however they number their logs', async (t) => {
  const world = await worldOfTwo(t)
  const args = [TOKEN_ADDRESS, BOB, 50n * UNIT]
  await world.wallet.callRouter({ name: 'payThenStall', args })
  await world.mined(ALICE, 20n * UNIT)
  await world.follow()
  assert.deepEqual(await world.stories(), ['20: detected'])
  world.devnet.mine()
  await world.follow()
  assert.deepEqual(await world.stories(), ['20: detected confirmed'])
})

test('a second node that lags, withholds or fails is no witness; once it shows it, it is one', async (t) => {
  for (const spoil of [
    ({ second }) => (second.view.lag = 40),
    ({ second }) => second.misbehave(INFOS, { kind: 'empty' }),
    ({ second }) => second.misbehave(INFOS, { kind: 'fewer' }),
    ({ second }) => second.misbehave('*', { kind: 'bad_gateway' }),
    ({ second }) => second.misbehave('*', { kind: 'suspended', status: 403 }),
  ] satisfies ((world: { second: TronNode }) => unknown)[]) {
    const world = await worldOfTwo(t)
    spoil(world)
    await world.mined(ALICE, 20n * UNIT)
    world.devnet.mine(SOLID_LAG)
    await world.follow()
    assert.deepEqual(await world.stories(), ['20: detected'])
    world.second.behave()
    world.second.view.lag = 0
    world.clock.ms += 60_000
    await world.follow()
    assert.deepEqual(await world.stories(), ['20: detected confirmed final'])
  }
})

test('a node on another branch is no witness, not even of the same transaction', async (t) => {
  const world = await worldOfTwo(t)
  const { devnet, second } = world
  const txHash = await world.mined(ALICE, 20n * UNIT)
  second.view.stay()
  devnet.mineOn(second, 2)
  devnet.fork(1, [{ tx: txHash, block: 0 }])
  devnet.mine()
  await world.follow()
  assert.deepEqual(await world.stories(), ['20: detected'])
  second.view.follow()
  await world.follow()
  assert.deepEqual(await world.stories(), ['20: detected confirmed'])
  await assertMirrorsDevnet(world, [ALICE])
})

test('a witness that confirmed on a branch that was left does not confirm on the next', async (t) => {
  const world = await worldOfTwo(t)
  const { devnet, second } = world
  const txHash = await world.mined(ALICE, 20n * UNIT)
  devnet.mine()
  await world.follow()
  assert.deepEqual(await world.stories(), ['20: detected confirmed'])
  second.view.stay()
  devnet.fork(2, [{ tx: txHash, block: 0 }])
  await world.follow()
  assert.deepEqual(await world.stories(), ['20: detected confirmed reversed detected'])
})

test('a log that one node shows twice is witnessed by the other once, not twice', async (t) => {
  const world = await worldOfTwo(t)
  const change = (answer: unknown) =>
    (answer as { log?: object[] }[]).map((info) =>
      info.log === undefined ? info : { ...info, log: [...info.log, ...info.log] },
    )
  world.first.misbehave(INFOS, { kind: 'change', change })
  await world.mined(ALICE, 20n * UNIT)
  world.devnet.mine()
  await world.follow()
  const stories = await world.stories()
  assert.deepEqual(stories, ['20: detected confirmed', '20: detected'])
})

test('what the first node makes up alone stays detected, however final its block is', async (t) => {
  const world = await worldOfTwo(t)
  const change = (answer: unknown) =>
    JSON.parse(
      JSON.stringify(answer).replace(/"data":"0{48}/, '"data":"' + '0'.repeat(44) + 'ffff'),
    )
  world.first.misbehave(INFOS, { kind: 'change', change })
  await world.mined(ALICE, 20n * UNIT)
  world.devnet.mine(3 * SOLID_LAG)
  await world.follow()
  const [story, ...others] = await world.stories()
  assert.deepEqual(others, [])
  assert.match(story ?? '', /^\d{6,}\S*: detected$/)
})

test('three nodes, and one of them on another chain: two witnesses', async (t) => {
  const { devnet, mined } = await openDevnet(t)
  await devnet.openNode()
  await devnet.openNode()
  const stranger = devnet.nodes[2]
  assert.ok(stranger)
  const genesis = (answer: unknown) =>
    JSON.parse(
      JSON.stringify(answer).replace(/("blockID":"0{16}[0-9a-f]{40})[0-9a-f]{8}/, '$100000001'),
    )
  stranger.misbehave('/wallet/getblockbynum', { kind: 'change', change: genesis }, 1)
  const { source, lines } = await openDevnetSource(t, devnet.nodes)
  await mined(ALICE, 20n * UNIT)
  const block = await source.block((await source.head()).height)
  const transfer = block?.transfers[0]
  assert.ok(block && transfer)
  assert.equal(transfer.rail, DEVNET_RAIL)
  assert.equal(await source.witnesses(block, { transfer, ordinal: 0 }), 2)
  assert.ok(lines.some((line) => /third serves tron:1, not tron:/.test(JSON.stringify(line))))
})
