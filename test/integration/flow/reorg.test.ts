import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  callNode,
  mine,
  reorg,
  revert,
  setAutomine,
  signedTransaction,
  snapshot,
} from '../../../src/dev/anvil-control.ts'
import { ANVIL_ACCOUNTS } from '../../../src/dev/anvil.ts'
import { TOKEN_ADDRESS, transferTransaction } from '../../../src/dev/token/token.ts'
import type { Address } from '../../../src/domain/chain.ts'
import { toHex, type Hex } from '../../../src/lib/hex.ts'
import {
  ALICE,
  anvilWorld,
  assertMirrorsChain,
  BOB,
  canonicalTransfers,
  UNIT,
} from '../../support/anvil-world.ts'
import { ANVIL } from '../../support/flow-world.ts'

const SECOND_ACCOUNT = ANVIL_ACCOUNTS[1] ?? BOB
/** Finality stays out of the way of every depth. */
const BLOCKS_TO_FINAL = 100
const PATIENT = { anvil: { slotsInAnEpoch: BLOCKS_TO_FINAL / 2 } }
/** As far as `chains/anvil` keeps blocks below the finalized one. */
const WINDOW = ANVIL.chain.reorgWindow

for (const depth of [1, 2, 3, 7, 32, 64, WINDOW]) {
  test(`a reorg ${depth} deep moves one deposit, drops one and keeps the one below`, async (t) => {
    const world = await anvilWorld(t, PATIENT)
    await world.register([ALICE, BOB])
    await world.pay(ALICE, 1n * UNIT)
    await setAutomine(world.anvil.url, false)
    const moved = await world.pay(ALICE, 200n * UNIT)
    await world.pay(BOB, 300n * UNIT)
    await mine(world.anvil.url, depth)
    await world.follow()
    assert.deepEqual(await world.stories(), [
      '1: detected confirmed',
      '200: detected',
      '300: detected',
    ])
    const tx = await signedTransaction(world.anvil.url, moved)
    await reorg(world.anvil.url, depth, [{ tx, block: depth - 1 }])
    const outcomes = await world.follow()
    assert.ok(outcomes.includes('reorganised'), outcomes.join())
    assert.deepEqual(await world.stories(), [
      '1: detected confirmed',
      '200: detected orphaned detected',
      '300: detected orphaned',
    ])
    await assertMirrorsChain(world, [ALICE, BOB])
    assert.match(
      await world.metrics.registry.metrics(),
      new RegExp(`reorg_depth_blocks_sum\\{chain="anvil"\\} ${depth}\\n`),
    )
  })
}

test('a confirmed deposit whose block leaves is reversed, and lives again when it is mined again', async (t) => {
  const world = await anvilWorld(t, PATIENT)
  await world.register([ALICE, BOB])
  const again = await world.pay(ALICE, 10n * UNIT)
  await world.pay(BOB, 20n * UNIT)
  await mine(world.anvil.url)
  await world.follow()
  assert.deepEqual(await world.stories(), ['10: detected confirmed', '20: detected confirmed'])
  const tx = await signedTransaction(world.anvil.url, again)
  await reorg(world.anvil.url, 3, [{ tx, block: 2 }])
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed reversed detected',
    '20: detected confirmed reversed',
  ])
  await mine(world.anvil.url, BLOCKS_TO_FINAL)
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed reversed detected confirmed final',
    '20: detected confirmed reversed',
  ])
  await assertMirrorsChain(world, [ALICE, BOB])
})

test('a retraction names the event it takes back, and the evidence is kept', async (t) => {
  const world = await anvilWorld(t, PATIENT)
  await world.register([ALICE])
  const txHash = await world.pay(ALICE, 10n * UNIT)
  await mine(world.anvil.url)
  await world.follow()
  await reorg(world.anvil.url, 2, [
    { tx: await signedTransaction(world.anvil.url, txHash), block: 1 },
  ])
  await world.follow()
  const events = await world.db.selectFrom('event').selectAll().orderBy('version').execute()
  const retracts = events.map(
    ({ body }) => (JSON.parse(body) as { data: { retracts: string | null } }).data.retracts,
  )
  assert.deepEqual(
    events.map(({ type }) => type),
    ['deposit.detected', 'deposit.confirmed', 'deposit.reversed', 'deposit.detected'],
  )
  assert.deepEqual(retracts, [null, null, events[1]?.id, null])
  assert.deepEqual(events[2]?.block_hash, events[0]?.block_hash)
  assert.notDeepEqual(events[3]?.block_hash, events[0]?.block_hash)
  const sightings = await world.db.selectFrom('sighting').selectAll().orderBy('height').execute()
  assert.deepEqual(
    sightings.map(({ block_hash, orphaned_at }) => [toHex(block_hash), orphaned_at !== null]),
    [
      [toHex(events[0]?.block_hash ?? Buffer.alloc(0)), true],
      [toHex(events[3]?.block_hash ?? Buffer.alloc(0)), false],
    ],
  )
})

test('the same transaction at another log index of another block is the same deposit', async (t) => {
  const world = await anvilWorld(t, PATIENT)
  const { url } = world.anvil
  await world.register([ALICE])
  await world.pay(SECOND_ACCOUNT, 5n * UNIT)
  const txHash = await world.pay(ALICE, 200n * UNIT)
  await mine(url)
  await world.follow()
  const [before] = await world.db.selectFrom('deposit').selectAll().execute()
  assert.equal(before?.log_index, 0)
  const first = transferTransaction({ token: TOKEN_ADDRESS, to: BOB, amount: UNIT, sender: 1 })
  await reorg(url, 2, [
    { tx: first, block: 1 },
    { tx: await signedTransaction(url, txHash), block: 1 },
  ])
  await world.follow()
  const [after] = await world.db.selectFrom('deposit').selectAll().execute()
  assert.deepEqual(await world.stories(), ['200: detected orphaned detected'])
  assert.equal(after?.id, before.id)
  assert.equal(after.log_index, 1)
  assert.equal(after.height, before.height + 1)
  await assertMirrorsChain(world, [ALICE])
})

test('the same nonce with other facts is another deposit, and the first one stays orphaned', async (t) => {
  const world = await anvilWorld(t, PATIENT)
  const { url } = world.anvil
  await world.register([ALICE, BOB])
  const replacements: [Address, bigint, string][] = [
    [ALICE, 250n * UNIT, 'another amount'],
    [BOB, 200n * UNIT, 'another recipient'],
  ]
  for (const [to, amount] of replacements) {
    const txHash = await world.pay(ALICE, 200n * UNIT)
    await world.follow()
    const { nonce } = await callNode<{ nonce: Hex }>(url, 'eth_getTransactionByHash', txHash)
    const call = transferTransaction({ token: TOKEN_ADDRESS, to, amount })
    await reorg(url, 1, [{ tx: { ...call, nonce }, block: 0 }])
    await world.follow()
  }
  assert.deepEqual(await world.stories(), [
    '200: detected orphaned',
    '250: detected',
    '200: detected orphaned',
    '200: detected',
  ])
  await assertMirrorsChain(world, [ALICE, BOB])
})

test('a longer branch that starts below our tip is a reorg as well', async (t) => {
  const world = await anvilWorld(t, PATIENT)
  await world.register([ALICE])
  await world.pay(ALICE, 200n * UNIT)
  await mine(world.anvil.url, 2)
  await world.follow()
  await reorg(world.anvil.url, 3)
  await world.pay(ALICE, 300n * UNIT)
  const outcomes = await world.follow()
  assert.deepEqual(
    outcomes.filter((name) => name === 'reorganised'),
    ['reorganised'],
  )
  assert.deepEqual(await world.stories(), ['200: detected orphaned', '300: detected'])
})

test('a shorter branch with other blocks is a reorg, not a lag', async (t) => {
  const world = await anvilWorld(t, PATIENT)
  const { url } = world.anvil
  await world.register([ALICE])
  const fork = await snapshot(url)
  await world.pay(ALICE, 200n * UNIT)
  await mine(url, 5)
  await world.follow()
  await revert(url, fork)
  await world.pay(ALICE, 300n * UNIT)
  await world.follow()
  assert.deepEqual(await world.stories(), ['200: detected orphaned', '300: detected'])
  await assertMirrorsChain(world, [ALICE])
})

test('back to the first branch (A→B→A): the same blocks, the same deposit, events of their own', async (t) => {
  const world = await anvilWorld(t, PATIENT)
  const { url } = world.anvil
  await world.register([ALICE, BOB])
  await world.pay(ALICE, 10n * UNIT)
  await world.pay(ALICE, 200n * UNIT)
  await mine(url)
  const branchA = await callNode<Hex>(url, 'anvil_dumpState', true)
  await world.follow()
  const before = await canonicalTransfers(url, [ALICE, BOB])
  for (const isFirst of [true, false]) {
    await reorg(url, 3)
    // Once only: what Anvil has loaded again is the chain without the contracts' older states.
    if (isFirst) await world.pay(BOB, 300n * UNIT)
    await world.follow()
    await callNode(url, 'anvil_loadState', branchA)
    await world.follow()
  }
  assert.deepEqual(await canonicalTransfers(url, [ALICE, BOB]), before)
  await assertMirrorsChain(world, [ALICE, BOB])
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed reversed detected confirmed reversed detected confirmed',
    '200: detected orphaned detected orphaned detected',
    '300: detected orphaned',
  ])
  // The evidence stands again as well, and that of the other branch does not.
  const sightings = await world.db
    .selectFrom('sighting')
    .innerJoin('deposit', 'deposit.id', 'sighting.deposit_id')
    .select(['deposit.amount', 'sighting.orphaned_at'])
    .orderBy('deposit.amount')
    .execute()
  assert.deepEqual(
    sightings.map(({ amount, orphaned_at }) => [amount, orphaned_at === null]),
    [
      ['10000000', true],
      ['200000000', true],
      ['300000000', false],
    ],
  )
  const ids = await world.db.selectFrom('event').select('id').execute()
  assert.equal(new Set(ids.map(({ id }) => id)).size, 8 + 5 + 2)
})

test('many small reorgs in a row, seen one by one or several at once, end as the chain says', async (t) => {
  const world = await anvilWorld(t, PATIENT)
  const { url } = world.anvil
  await world.register([ALICE])
  for (let round = 0; round < 12; round += 1) {
    const txHash = await world.pay(ALICE, BigInt(100 + round) * UNIT)
    await mine(url, round % 3)
    if (round % 2 === 0) await world.follow()
    const tx = await signedTransaction(url, txHash)
    await reorg(url, 1 + (round % 3), round % 4 === 3 ? [] : [{ tx, block: round % 3 }])
    if (round % 3 === 0) await world.follow()
  }
  await mine(url)
  await world.follow()
  await assertMirrorsChain(world, [ALICE])
  assert.equal((await canonicalTransfers(url, [ALICE])).length, 9)
})
