import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mine, reorg } from '../../../src/dev/anvil-control.ts'
import { TOKEN_ADDRESS, transfer } from '../../../src/dev/token/token.ts'
import {
  ALICE,
  anvilWorld,
  assertMirrorsChain,
  bareNode,
  BOB,
  tokenNode,
  UNIT,
} from '../../support/anvil-world.ts'

test('on a fork of another chain, deposits from before and after the fork point count', async (t) => {
  const origin = await tokenNode(t)
  const pay = (to: typeof ALICE, amount: bigint) =>
    transfer(origin.url, { token: TOKEN_ADDRESS, to, amount })
  await pay(ALICE, 10n * UNIT)
  await mine(origin.url, 100)
  await pay(BOB, 5_000n * UNIT)
  const fork = await bareNode(t, { forkUrl: origin.url })
  // The origin goes on without the fork.
  await pay(ALICE, 77n * UNIT)

  const world = await anvilWorld(t, { node: fork })
  await world.register([ALICE, BOB])
  await world.pay(ALICE, 20n * UNIT)
  const outcomes = await world.follow()
  assert.ok(outcomes.includes('backfilled'))
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed final',
    '5000: detected',
    '20: detected',
  ])
  await mine(fork.url, 8)
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed final',
    '5000: detected confirmed final',
    '20: detected confirmed final',
  ])
  await assertMirrorsChain(world, [ALICE, BOB])
})

test('a reorg of the fork stays above the fork point, and is followed like any other', async (t) => {
  const origin = await tokenNode(t)
  await transfer(origin.url, { token: TOKEN_ADDRESS, to: ALICE, amount: 10n * UNIT })
  const fork = await bareNode(t, { forkUrl: origin.url })
  const world = await anvilWorld(t, { node: fork })
  await world.register([ALICE])
  await mine(fork.url)
  await world.pay(ALICE, 20n * UNIT)
  await world.follow()
  await reorg(fork.url, 1)
  await world.follow()
  assert.deepEqual(await world.stories(), ['10: detected confirmed', '20: detected orphaned'])
  await assertMirrorsChain(world, [ALICE])
})
