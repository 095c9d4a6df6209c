import assert from 'node:assert/strict'
import { test } from 'node:test'
import { devAccount } from '../../../src/dev/tron/accounts.ts'
import { loadTronWeb } from '../../../src/dev/tron/tronweb.ts'
import { tronCodec } from '../../../src/source/tron/codec.ts'
import { required } from '../../../src/lib/assert.ts'
import { ALICE, CAROL, UNIT } from '../../support/anvil-world.ts'
import { hides, tronWorld, type TronWorld } from './tron-world.ts'
import { balanceOutcomes, briefly } from './world.ts'

/** Blocks enough for what is around a balance to be heard, and more. */
const FAR = 15

/** Rounds until every address has been judged once, so that its first balance is believed. */
const TRUSTED = 3

/** Lets as many blocks go by, and the auditor hear them, however long the machine takes for all of it. */
async function goOn(world: TronWorld, blocks = FAR): Promise<void> {
  await world.watch.keeper.tick()
  world.devnet.mine(blocks)
  await world.settle()
  await world.audit()
}

test('on TRON a log that the only node hides shows in its own balances, to the unit', async (t) => {
  const world = await tronWorld(t, { providers: 1, balanceSample: 3 })
  await world.mined(ALICE, 10n * UNIT)
  for (let round = 0; round < TRUSTED; round += 1) await goOn(world)
  world.devnet.mine(FAR)
  await world.mined(ALICE, 20n * UNIT)
  const hidden = await world.mined(ALICE, 30n * UNIT + 1n)
  world.bends.set(0, hides(hidden))
  for (let round = 0; round < 3; round += 1) {
    await goOn(world)
    assert.deepEqual(await world.findings(), [], 'one balance alone is a doubt')
  }
  await goOn(world)
  assert.equal((await world.stories()).length, 2, 'nothing was recorded of what is hidden')
  const [finding, ...others] = await world.findings()
  assert.deepEqual(others, [])
  assert.deepEqual(
    [finding?.kind, finding?.provider, finding?.subject],
    ['balance_differs', 'first', tronCodec.formatAddress(ALICE)],
  )
  const evidence = required(finding?.evidence, 'there is one') as Record<string, unknown>
  assert.equal(evidence['unexplained'], '30000001')
  assert.equal(evidence['explained_by_logs'], '20000000')
  for (let round = 0; round < 2; round += 1) await goOn(world)
  assert.equal((await world.findings()).length, 1)
  const { match = 0, ...rest } = await balanceOutcomes(world)
  assert.ok(match >= 2, `the other address is right, ${match} times`)
  assert.deepEqual(rest, { mismatch: 1 })
})

test('on TRON a log hidden near a balance is found by the next one', async (t) => {
  const world = await tronWorld(t, { providers: 1, balanceSample: 3 })
  for (let round = 0; round < TRUSTED; round += 1) await goOn(world)
  world.devnet.mine(FAR)
  const hidden = await world.mined(ALICE, 30n * UNIT)
  world.bends.set(0, hides(hidden))
  await world.settle()
  await world.audit()
  for (let round = 0; round < 5; round += 1) await goOn(world)
  const found = (await world.findings()).map(({ evidence }) => Reflect.get(evidence, 'unexplained'))
  assert.deepEqual(found, ['30000000'])
})

test('on TRON sweeps, fees and payments at any moment make no finding, whoever is asked', async (t) => {
  const world = await tronWorld(t, { providers: 2, balanceSample: 4 })
  const swept = devAccount(await loadTronWeb(), 4).address
  await world.register([swept])
  await world.wallet.callToken({ name: 'setParams', args: [10n, 40n] })
  await goOn(world)
  for (let round = 0; round < 6; round += 1) {
    await world.mined(swept, 900n * UNIT)
    world.devnet.mine(5 * round)
    await world.wallet.transfer({ to: CAROL, amount: 500n * UNIT, sender: 4 })
    await world.mined(ALICE, 2n * UNIT)
    await goOn(world)
    world.restart()
  }
  await goOn(world)
  assert.deepEqual(briefly(await world.findings()), ['token_fees open'])
  const { match = 0, mismatch } = await balanceOutcomes(world)
  assert.ok(match >= 6, `${match} balances were held against their logs`)
  assert.equal(mismatch, undefined)
})

test('on TRON a balance that another node behind the same URL told, some blocks behind, blames nobody', async (t) => {
  const world = await tronWorld(t, { providers: 1, balanceSample: 3 })
  const behind = await world.devnet.openNode({ lag: 8 })
  world.routes.set('/walletsolidity/triggerconstantcontract', behind.solidityUrl)
  await goOn(world)
  for (let round = 0; round < 8; round += 1) {
    world.devnet.mine(2 * round)
    await world.mined(ALICE, UNIT)
    await goOn(world, 15 - 2 * round)
  }
  await goOn(world)
  assert.deepEqual(await world.findings(), [])
  const { match = 0, mismatch } = await balanceOutcomes(world)
  assert.ok(match >= 4, `${match} balances were held against their logs`)
  assert.equal(mismatch, undefined)
})

test('on TRON one balance of a node that was left far behind is a doubt and no more', async (t) => {
  const world = await tronWorld(t, { providers: 1, balanceSample: 3 })
  const behind = await world.devnet.openNode({ lag: 80 })
  for (let round = 0; round < 4; round += 1) await goOn(world)
  world.devnet.mine(FAR)
  await world.mined(ALICE, 30n * UNIT)
  world.routes.set('/walletsolidity/triggerconstantcontract', behind.solidityUrl)
  // In one of them it is asked; the other lets what is around the balance before be heard.
  for (let round = 0; round < 2; round += 1) await goOn(world)
  world.routes.clear()
  await goOn(world)
  const doubted = await world.db.selectFrom('balance_window').select(['doubted']).execute()
  assert.equal(doubted.filter((one) => one.doubted).length, 1, 'its balance was believed')
  for (let round = 0; round < 3; round += 1) await goOn(world)
  assert.deepEqual(await world.findings(), [])
  assert.equal((await balanceOutcomes(world))['mismatch'], undefined)
})

test('on TRON a first balance of a node that was left far behind blames nobody, and is not the measure for long', async (t) => {
  const world = await tronWorld(t, { providers: 1, balanceSample: 3 })
  const behind = await world.devnet.openNode({ lag: 80 })
  await world.mined(ALICE, 30n * UNIT)
  world.devnet.mine(2 * FAR)
  world.routes.set('/walletsolidity/triggerconstantcontract', behind.solidityUrl)
  await goOn(world)
  world.routes.clear()
  const opened = await world.db.selectFrom('balance_window').select('from_balance').execute()
  assert.deepEqual(
    opened.map(({ from_balance: balance }) => balance),
    ['0', '0'],
    'its node does not know of the payment',
  )
  for (let round = 0; round < 8; round += 1) await goOn(world)
  assert.deepEqual(await world.findings(), [])
  const { match = 0, ...rest } = await balanceOutcomes(world)
  assert.deepEqual(rest, {})
  world.devnet.mine(FAR)
  world.bends.set(0, hides(await world.mined(ALICE, 20n * UNIT)))
  for (let round = 0; round < 5; round += 1) await goOn(world)
  const found = (await world.findings()).map(({ evidence }) => Reflect.get(evidence, 'unexplained'))
  assert.deepEqual([match > 0, found], [true, ['20000000']])
})
