import assert from 'node:assert/strict'
import { test } from 'node:test'
import { required } from '../../../src/lib/assert.ts'
import { ALICE, BOB, UNIT } from '../../support/anvil-world.ts'
import { assertMirrorsDevnet } from '../../support/devnet-world.ts'
import { hides, invents, tronWorld } from './tron-world.ts'
import { briefly } from './world.ts'

test('on TRON with honest nodes everybody is heard and nothing is found', async (t) => {
  const world = await tronWorld(t, { providers: 3, proofEvery: 1 })
  await world.mined(ALICE, 20n * UNIT)
  await world.settle()
  assert.equal(await world.audit(), 'complete')
  assert.deepEqual(await world.findings(), [])
})

test('on TRON a deposit that the first node hid is found by two others and ends final, once', async (t) => {
  const world = await tronWorld(t, { providers: 3, proofEvery: 1 })
  await world.mined(ALICE, 20n * UNIT)
  const hidden = await world.mined(ALICE, 30n * UNIT)
  world.bends.set(0, hides(hidden))
  await world.settle()
  assert.deepEqual(await world.stories(), ['20: detected confirmed final'])
  assert.equal(await world.audit(), 'complete')
  assert.deepEqual(await world.stories(), [
    '20: detected confirmed final',
    '30: detected confirmed final',
  ])
  await assertMirrorsDevnet(world, [ALICE, BOB])
  assert.deepEqual(briefly(await world.findings()), [
    'deposit_missing resolved',
    'provider_omits open',
  ])
  world.bends.clear()
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), [
    'deposit_missing resolved',
    'provider_omits resolved',
  ])
})

test('on TRON what one node invents is no deposit, and what it made of it once is found', async (t) => {
  const world = await tronWorld(t, { providers: 3, proofEvery: 1 })
  const txHash = await world.mined(ALICE, 20n * UNIT)
  await world.settle()
  world.bends.set(1, invents(txHash, BOB))
  await world.audit()
  assert.deepEqual(await world.stories(), ['20: detected confirmed final'])
  assert.deepEqual(briefly(await world.findings()), ['transfer_disputed open'])
  world.bends.clear()
  await world.audit()
  const again = await world.mined(ALICE, 40n * UNIT)
  world.bends.set(0, invents(again, BOB))
  await world.settle()
  assert.equal((await world.stories()).length, 3)
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), [
    'deposit_extra open',
    'deposit_extra open',
    'transfer_disputed resolved',
  ])
})

test('on TRON a node that serves another block at a solid height is found', async (t) => {
  const world = await tronWorld(t, { providers: 3, proofEvery: 1 })
  await world.mined(ALICE, 20n * UNIT)
  await world.settle()
  const { finalized_height, finalized_hash } = await world.db
    .selectFrom('chain_cursor')
    .select(['finalized_height', 'finalized_hash'])
    .executeTakeFirstOrThrow()
  const ours = required(finalized_hash, 'the devnet has solid blocks').toString('hex')
  // The first bytes of an id are its height.
  const other = `${ours.slice(0, 16)}${'0b'.repeat(24)}`
  world.bends.set(2, (_path, answer) => JSON.parse(JSON.stringify(answer).replaceAll(ours, other)))
  await world.audit()
  const [differs, ...others] = await world.findings()
  assert.deepEqual(others, [])
  assert.deepEqual(
    [differs?.kind, differs?.provider, differs?.height],
    ['block_differs', 'third', finalized_height],
  )
})

test('on TRON a blacklisted deposit address and a pause are found, and taken back', async (t) => {
  const world = await tronWorld(t, { providers: 3, proofEvery: 1 })
  await world.wallet.callToken({ name: 'addBlackList', args: [ALICE] })
  await world.wallet.callToken({ name: 'pause' })
  world.devnet.mine()
  await world.settle()
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), [
    'address_blacklisted open',
    'token_paused open',
  ])
  const marks = await world.db.selectFrom('deposit_address').select('blacklisted_at').execute()
  assert.equal(marks.filter((mark) => mark.blacklisted_at !== null).length, 1)
  await world.wallet.callToken({ name: 'removeBlackList', args: [ALICE] })
  await world.wallet.callToken({ name: 'unpause' })
  world.devnet.mine()
  await world.settle()
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), [
    'address_blacklisted resolved',
    'token_paused resolved',
  ])
})
