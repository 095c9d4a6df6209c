import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Fault } from '../../../src/dev/tron/faults.ts'
import type { TronNode } from '../../../src/dev/tron/node.ts'
import { required } from '../../../src/lib/assert.ts'
import { undiciHttp, type RpcHttp } from '../../../src/source/index.ts'
import { ALICE, BOB, standingDeposits, UNIT } from '../../support/anvil-world.ts'
import { SOLID_LAG } from '../../support/devnet-chain.ts'
import {
  assertMirrorsDevnet,
  devnetTransfers,
  devnetWorld,
  type DevnetWorld,
} from '../../support/devnet-world.ts'

/** What is wrong with a node, and at which of its doors. Everything else it answers honestly. */
const FAULTS: [name: string, at: string, fault: Fault][] = [
  ['an empty answer about its head', '/wallet/getblock', { kind: 'empty' }],
  ['an empty answer about a block', '/wallet/getblockbynum', { kind: 'empty' }],
  ['an empty answer about infos', '/wallet/gettransactioninfobyblocknum', { kind: 'empty' }],
  [
    'infos withheld for the newest block',
    '/wallet/gettransactioninfobyblocknum',
    { kind: 'late_infos' },
  ],
  ['another block’s infos', '/wallet/gettransactioninfobyblocknum', { kind: 'other_block' }],
  ['another block', '/wallet/getblockbynum', { kind: 'other_block' }],
  ['fewer infos than transactions', '/wallet/gettransactioninfobyblocknum', { kind: 'fewer' }],
  ['an empty solid block', '/walletsolidity/getblock', { kind: 'empty' }],
  ['403 everywhere', '*', { kind: 'suspended', status: 403 }],
  ['429 everywhere', '*', { kind: 'suspended', status: 429, retryAfterSeconds: 7 }],
  ['503 everywhere', '*', { kind: 'suspended', status: 503 }],
  ['429 about infos', '/wallet/gettransactioninfobyblocknum', { kind: 'suspended', status: 429 }],
  ['no computing resources', '*', { kind: 'busy' }],
  ['no computing resources for infos', '/wallet/gettransactioninfobyblocknum', { kind: 'busy' }],
  ['a lite node’s words about infos', '/wallet/gettransactioninfobyblocknum', { kind: 'lite' }],
  ['a proxy’s HTML', '*', { kind: 'bad_gateway' }],
  ['HTML about blocks', '/wallet/getblockbynum', { kind: 'bad_gateway' }],
  ['a body that drips', '/wallet/gettransactioninfobyblocknum', { kind: 'drip' }],
  ['no answer at all', '/wallet/getblockbynum', { kind: 'hang' }],
]

for (const [name, at, fault] of FAULTS) {
  test(`${name}: alone nothing false is recorded, and all is caught up with afterwards`, async (t) => {
    const http = new Impatient()
    const world = await devnetWorld(t, { http, providers: [{}] })
    await honestBefore(world)
    firstOf(world).misbehave(at, fault)
    http.doubted = firstOf(world)
    for (let round = 0; round < 2; round += 1) {
      await world.mined(ALICE, BigInt(40 + round) * UNIT)
      await followAnyhow(world)
      await assertNothingFalse(world)
    }
    firstOf(world).behave()
    http.doubted = null
    world.clock.ms += 60_000
    world.devnet.mine(SOLID_LAG)
    await world.follow()
    assert.deepEqual(await world.stories(), [
      '30: detected confirmed final',
      '40: detected confirmed final',
      '41: detected confirmed final',
    ])
    await assertMirrorsDevnet(world, [ALICE, BOB])
  })

  test(`${name}: with a second provider everything goes on`, async (t) => {
    const http = new Impatient()
    const world = await devnetWorld(t, { http, providers: [{}, {}] })
    await honestBefore(world)
    firstOf(world).misbehave(at, fault)
    http.doubted = firstOf(world)
    await world.mined(ALICE, 40n * UNIT)
    world.devnet.mine(SOLID_LAG)
    for (let round = 0; round < 3; round += 1) await followAnyhow(world)
    assert.deepEqual(await world.stories(), [
      '30: detected confirmed final',
      '40: detected confirmed final',
    ])
    await assertMirrorsDevnet(world, [ALICE, BOB])
  })
}

/** The real exchange, with a deadline that a test can wait for where a node may never answer, and only there. */
class Impatient implements RpcHttp {
  readonly #http = undiciHttp()
  doubted: TronNode | null = null

  post(...[request, limits]: Parameters<RpcHttp['post']>): ReturnType<RpcHttp['post']> {
    const isDoubted = this.doubted !== null && request.url.startsWith(this.doubted.fullUrl)
    return this.#http.post(request, isDoubted ? { ...limits, deadlineMs: 1_000 } : limits)
  }
}

async function honestBefore(world: DevnetWorld): Promise<void> {
  await world.register([ALICE, BOB])
  await world.mined(BOB, 30n * UNIT)
  await world.follow()
  assert.deepEqual(await world.stories(), ['30: detected'])
}

function firstOf({ nodes: [first] }: DevnetWorld): TronNode {
  return required(first, 'it is watched through a node')
}

/** As the daemon's loop does: a failing tick is another one later. */
async function followAnyhow(world: DevnetWorld): Promise<void> {
  try {
    await world.follow()
  } catch (error) {
    assert.equal((error as Error).name, 'SourceError', String(error))
  }
}

/** What stands is the chain's, whatever is still missing. */
async function assertNothingFalse(world: DevnetWorld): Promise<void> {
  const theirs = new Set(await devnetTransfers(world.main, [ALICE, BOB]))
  for (const ours of await standingDeposits(world.db)) assert.ok(theirs.has(ours), ours)
}
