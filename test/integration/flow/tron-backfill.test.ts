import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Fault } from '../../../src/dev/tron/faults.ts'
import { ALICE, BOB, UNIT } from '../../support/anvil-world.ts'
import { openDevnet } from '../../support/devnet-chain.ts'
import { assertMirrorsDevnet, devnetWorld, type DevnetWorld } from '../../support/devnet-world.ts'

/** Nobody listens on port 1. */
const NOWHERE = 'http://127.0.0.1:1/jsonrpc'
const RECEIPTS = 'eth_getBlockReceipts'
const HISTORY = ['20: detected confirmed final', '30: detected confirmed final']

/** A history that is read in ranges, with a payment near its beginning and one near its end. */
async function historyWith(
  t: TestContext,
  jsonrpc: boolean | string,
  blockReceipts = true,
): Promise<DevnetWorld> {
  const world = await devnetWorld(t, { jsonrpc, devnet: { blockReceipts } })
  await world.register([ALICE, BOB])
  await world.mined(ALICE, 20n * UNIT)
  world.devnet.mine(100)
  await world.mined(BOB, 30n * UNIT)
  world.devnet.mine(12)
  return world
}

async function attempt(world: DevnetWorld): Promise<string[]> {
  try {
    return await world.follow()
  } catch (error) {
    assert.equal((error as Error).name, 'SourceError', String(error))
    return []
  }
}

test('a JSON-RPC without receipts, or that nobody serves, costs requests and nothing else', async (t) => {
  for (const [jsonrpc, blockReceipts] of [
    [true, false],
    [NOWHERE, true],
  ] as const) {
    const world = await historyWith(t, jsonrpc, blockReceipts)
    const outcomes = await world.follow()
    assert.ok(outcomes.includes('backfilled'))
    assert.deepEqual(await world.stories(), HISTORY)
    await assertMirrorsDevnet(world, [ALICE, BOB])
  }
})

const FAULTS: [name: string, at: string, fault: Fault][] = [
  ['no receipts', RECEIPTS, { kind: 'empty' }],
  ['fewer receipts than transactions', RECEIPTS, { kind: 'fewer' }],
  ['receipts of another block', RECEIPTS, { kind: 'change', change: ofAnotherBlock }],
  ['receipts without a status', RECEIPTS, { kind: 'change', change: without('status') }],
  ['receipts without logs', RECEIPTS, { kind: 'change', change: without('logs') }],
  ['a block that is not there', 'eth_getBlockByNumber', { kind: 'change', change: () => null }],
  ['a block without its transactions', 'eth_getBlockByNumber', { kind: 'change', change: hollow }],
]

for (const [name, at, fault] of FAULTS) {
  test(`${name}: nothing of the range is passed over, and it is read once that ends`, async (t) => {
    const world = await historyWith(t, true)
    world.main.misbehave(at, fault)
    for (let round = 0; round < 3; round += 1) await attempt(world)
    assert.deepEqual(await world.stories(), [])
    world.main.behave()
    world.clock.ms += 60_000
    await world.follow()
    assert.deepEqual(await world.stories(), HISTORY)
    await assertMirrorsDevnet(world, [ALICE, BOB])
  })
}

test('a JSON-RPC of another chain, even of one with the same first block, is never believed', async (t) => {
  const other = await openDevnet(t)
  await other.mined(ALICE, 77n * UNIT)
  other.devnet.mine(130)
  const world = await historyWith(t, other.devnet.main.jsonRpcUrl)
  for (let round = 0; round < 3; round += 1) await attempt(world)
  assert.ok((other.devnet.main.requests.get(RECEIPTS) ?? 0) > 0)
  assert.deepEqual(await world.stories(), [])
  const errors = world.lines.filter(({ level }) => level === 'error')
  assert.match(JSON.stringify(errors), /finalized history differs/)
})

test('a switch in the middle of a range is no range', async (t) => {
  const world = await historyWith(t, true)
  const { devnet, main } = world
  let asked = 0
  const change = (answer: unknown): unknown => {
    asked += 1
    // Below what is solid, as no honest chain does: between the blocks of one batch and of the next.
    if (asked === 5) devnet.fork(devnet.head.height - 3)
    return answer
  }
  main.misbehave('eth_getBlockByNumber', { kind: 'change', change })
  await attempt(world)
  main.behave()
  world.clock.ms += 60_000
  await attempt(world)
  assert.deepEqual(await world.stories(), HISTORY.slice(0, 1))
})

test('infos that are withheld in the middle of a range end it there', async (t) => {
  const world = await historyWith(t, false)
  world.main.misbehave('/wallet/gettransactioninfobyblocknum', { kind: 'empty' })
  for (let round = 0; round < 3; round += 1) await attempt(world)
  assert.deepEqual(await world.stories(), [])
  world.main.behave()
  world.clock.ms += 60_000
  await world.follow()
  assert.deepEqual(await world.stories(), HISTORY)
})

function ofAnotherBlock(answer: unknown): unknown {
  const blockHash = `0x${'0'.repeat(15)}1${'ab'.repeat(24)}`
  return (answer as object[]).map((receipt) => ({ ...receipt, blockHash }))
}

function without(field: string) {
  return (answer: unknown): unknown =>
    (answer as object[]).map((receipt) => ({ ...receipt, [field]: undefined }))
}

function hollow(answer: unknown): unknown {
  return { ...(answer as object), transactions: [] }
}
