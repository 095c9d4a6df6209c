import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mine, reorg, signedTransaction } from '../../../src/dev/anvil-control.ts'
import type { Policy } from '../../../src/domain/policy.ts'
import { type RpcHttp } from '../../../src/source/index.ts'
import { ALICE, anvilWorld, TWO_BANDS, UNIT } from '../../support/anvil-world.ts'
import { LaggingNode } from '../../support/lagging-node.ts'

/** Large deposits ask for a second provider's word. */
const TWO_PROVIDERS: Policy = {
  ...TWO_BANDS,
  bands: [
    { upTo: 100n * UNIT, rule: { confirmations: 2, finality: false }, providers: 1 },
    { upTo: null, rule: { confirmations: 2, finality: false }, providers: 2 },
  ],
}

test('a deposit that needs two providers is not confirmed before the second one shows it', async (t) => {
  const second = new LaggingNode()
  const world = await anvilWorld(t, { policy: TWO_PROVIDERS, secondHttp: second })
  await world.register([ALICE])
  second.hidden = 100
  await world.pay(ALICE, 50n * UNIT)
  await world.pay(ALICE, 500n * UNIT)
  await mine(world.anvil.url, 20)
  await world.follow()
  assert.deepEqual(await world.stories(), ['50: detected confirmed final', '500: detected'])
  second.hidden = 0
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '50: detected confirmed final',
    '500: detected confirmed final',
  ])
})

test('a second provider that fails is no witness', async (t) => {
  const broken: RpcHttp = {
    post: async () => ({ status: 500, headers: {}, body: 'no' }),
  }
  const world = await anvilWorld(t, { policy: TWO_PROVIDERS, secondHttp: broken })
  await world.register([ALICE])
  await world.pay(ALICE, 500n * UNIT)
  await mine(world.anvil.url, 20)
  await world.follow()
  assert.deepEqual(await world.stories(), ['500: detected'])
})

test('witnesses of a block that left do not count for the next one', async (t) => {
  const second = new LaggingNode()
  const world = await anvilWorld(t, { policy: TWO_PROVIDERS, secondHttp: second })
  const { url } = world.anvil
  await world.register([ALICE])
  const txHash = await world.pay(ALICE, 500n * UNIT)
  await world.follow()
  await reorg(url, 1, [{ tx: await signedTransaction(url, txHash), block: 0 }])
  second.hidden = 100
  await mine(url)
  await world.follow()
  assert.deepEqual(await world.stories(), ['500: detected orphaned detected'])
  second.hidden = 0
  await world.follow()
  assert.deepEqual(await world.stories(), ['500: detected orphaned detected confirmed'])
})
