import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BlockRef } from '../../../src/dev/tron/devnet.ts'
import type { Address } from '../../../src/domain/chain.ts'
import type { Policy } from '../../../src/domain/policy.ts'
import { systemEnv } from '../../../src/lib/env.ts'
import { toHex, type Hex } from '../../../src/lib/hex.ts'
import { ALICE, BOB, CAROL, UNIT } from '../../support/anvil-world.ts'
import { testClock } from '../../support/devnet-chain.ts'
import {
  assertMirrorsDevnet,
  devnetTransfers,
  devnetWorld,
  type DevnetWorld,
  type DevnetWorldOptions,
} from '../../support/devnet-world.ts'

/** Two confirmations up to 100 units, finality above; and finality out of reach of these switches. */
const PATIENT: DevnetWorldOptions = {
  devnet: { solidLag: 40 },
  policy: {
    minimumAmount: UNIT,
    bands: [
      { upTo: 100n * UNIT, rule: { confirmations: 2, finality: false }, providers: 1 },
      { upTo: null, rule: { confirmations: null, finality: true }, providers: 1 },
    ],
    onFinalityStall: 'hold',
  } satisfies Policy,
}

test('a transfer that moves to another block is the same deposit', async (t) => {
  const world = await devnetWorld(t, PATIENT)
  await world.register([ALICE, BOB])
  const small = await world.pay(ALICE, 10n * UNIT)
  const large = await world.pay(BOB, 200n * UNIT)
  world.devnet.mine(3)
  await world.follow()
  const before = await identities(world)
  world.devnet.fork(3, [
    { tx: large, block: 0 },
    { tx: small, block: 2 },
  ])
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed reversed detected confirmed',
    '200: detected orphaned detected',
  ])
  assert.deepEqual(await identities(world), before)
  await assertMirrorsDevnet(world, [ALICE, BOB])
})

test('within its block behind another transaction: another log index, the same deposit', async (t) => {
  const world = await devnetWorld(t, PATIENT)
  await world.register([ALICE])
  const txHash = await world.mined(ALICE, 200n * UNIT)
  await world.follow()
  const before = await identities(world)
  const stranger = await world.wallet.signTransfer({ to: CAROL, amount: UNIT, sender: 1 })
  world.devnet.fork(1, [
    { tx: stranger, block: 0 },
    { tx: txHash, block: 0 },
  ])
  await world.follow()
  assert.deepEqual(await identities(world), before)
  assert.deepEqual(await world.stories(), ['200: detected orphaned detected'])
  const [row] = await world.db.selectFrom('deposit').select('log_index').execute()
  assert.equal(row?.log_index, 1)
  await assertMirrorsDevnet(world, [ALICE])
})

test('a transfer that is dropped is gone, and is the same deposit when it comes back later', async (t) => {
  const world = await devnetWorld(t, PATIENT)
  await world.register([ALICE])
  const txHash = await world.mined(ALICE, 200n * UNIT)
  world.devnet.mine()
  await world.follow()
  const before = await identities(world)
  world.devnet.fork(2)
  await world.follow()
  assert.deepEqual(await world.stories(), ['200: detected orphaned'])
  world.devnet.mine(4)
  await world.follow()
  // What a node gives back to its pool it puts into a later block.
  world.devnet.fork(1, [{ tx: txHash, block: 1 }])
  await world.follow()
  assert.deepEqual(await world.stories(), ['200: detected orphaned detected'])
  assert.deepEqual(await identities(world), before)
  world.devnet.mine(41)
  await world.follow()
  assert.deepEqual(await world.stories(), ['200: detected orphaned detected confirmed final'])
  await assertMirrorsDevnet(world, [ALICE])
})

test('a transfer that appears below what was the head is a deposit', async (t) => {
  const world = await devnetWorld(t, PATIENT)
  await world.register([ALICE])
  world.devnet.mine(13)
  await world.follow()
  const oldHead = world.devnet.head.height
  const late = await world.wallet.signTransfer({ to: ALICE, amount: 50n * UNIT })
  world.devnet.fork(13, [{ tx: late, block: 1 }], 15)
  await world.follow()
  assert.deepEqual(await world.stories(), ['50: detected confirmed'])
  const [row] = await world.db.selectFrom('deposit').select('height').execute()
  assert.equal(row?.height, oldHead - 11)
  await assertMirrorsDevnet(world, [ALICE])
})

test('on the other branch the same transaction fails: no deposit is left of it', async (t) => {
  const world = await devnetWorld(t, PATIENT)
  const { wallet, devnet } = world
  await world.register([ALICE])
  const payer = accountOf(world, 1)
  const amount = await wallet.balanceOf(payer)
  const paid = await wallet.transfer({ to: ALICE, amount, sender: 1 })
  const elsewhere = await wallet.signTransfer({ to: CAROL, amount, sender: 1 })
  devnet.mine(2)
  await world.follow()
  devnet.fork(2, [
    { tx: elsewhere, block: 0 },
    { tx: paid, block: 1 },
  ])
  await world.follow()
  assert.deepEqual(await world.stories(), ['1000000: detected orphaned'])
  await assertMirrorsDevnet(world, [ALICE])
})

test('back to the first branch (A→B→A): the same deposits, events of their own', async (t) => {
  const world = await devnetWorld(t, PATIENT)
  const { devnet } = world
  await world.register([ALICE, BOB])
  await world.mined(ALICE, 10n * UNIT)
  await world.mined(ALICE, 200n * UNIT)
  devnet.mine()
  await world.follow()
  const before = await devnetTransfers(world.main, [ALICE, BOB])
  const onlyB = await world.wallet.signTransfer({ to: BOB, amount: 300n * UNIT })
  const branchA = devnet.fork(3, [{ tx: onlyB, block: 0 }])
  await world.follow()
  const branchB = devnet.head
  for (const branch of [branchA, branchB, branchA]) {
    devnet.switchTo(branch)
    await world.follow()
  }
  assert.deepEqual(await devnetTransfers(world.main, [ALICE, BOB]), before)
  await assertMirrorsDevnet(world, [ALICE, BOB])
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed reversed detected confirmed reversed detected confirmed',
    '200: detected orphaned detected orphaned detected',
    '300: detected orphaned detected orphaned',
  ])
  const ids = await world.db.selectFrom('event').select('id').execute()
  assert.equal(new Set(ids.map(({ id }) => id)).size, 8 + 5 + 4)
})

test('a switch that is watched block by block: at no step is anything said that is not so', async (t) => {
  const world = await devnetWorld(t, PATIENT)
  const { devnet } = world
  await world.register([ALICE, BOB, CAROL])
  devnet.mine(3)
  const moves = await world.mined(ALICE, 10n * UNIT)
  await world.mined(BOB, 20n * UNIT)
  const fails = await world.mined(CAROL, 200n * UNIT)
  devnet.mine(4)
  await world.follow()
  const appears = await world.wallet.signTransfer({ to: CAROL, amount: 30n * UNIT })
  const steps = devnet.forkGradually({
    depth: 7,
    replacements: [
      { tx: appears, block: 0 },
      { tx: moves, block: 3 },
      { tx: fails, block: 5 },
    ],
    blocks: 9,
  })
  for (const _ of steps) {
    await world.follow()
    await assertTrueSoFar(world, [ALICE, BOB, CAROL])
  }
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed reversed detected confirmed',
    '20: detected confirmed reversed',
    '30: detected confirmed',
    '200: detected orphaned detected',
  ])
  await assertMirrorsDevnet(world, [ALICE, BOB, CAROL])
})

test('a switch that is seen only at its end, by a head that has never gone back', async (t) => {
  const world = await devnetWorld(t, PATIENT)
  const { devnet } = world
  await world.register([ALICE, BOB])
  const vanishes = await world.mined(ALICE, 20n * UNIT)
  devnet.mine(12)
  await world.follow()
  const appears = await world.wallet.signTransfer({ to: BOB, amount: 30n * UNIT })
  // The branch that wins is longer by two, as it was when a switch of 13 blocks was recorded.
  devnet.fork(13, [{ tx: appears, block: 4 }], 15)
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '20: detected confirmed reversed',
    '30: detected confirmed',
  ])
  assert.ok((await devnetTransfers(world.main, [ALICE])).every((line) => !line.includes(vanishes)))
  await assertMirrorsDevnet(world, [ALICE, BOB])
})

test('one transaction at one height of two branches: what it did on the other is not taken for this one', async (t) => {
  const clock = testClock()
  const world = await devnetWorld(t, {
    ...PATIENT,
    devnet: { solidLag: 40, env: { ...systemEnv, clock } },
  })
  const { devnet, main, wallet } = world
  await world.register([ALICE])
  await world.follow()
  const withFee = await wallet.signTokenCall({ name: 'setParams', args: [10n, 40n] })
  // Producers take turns, so blocks of one height on two branches are of two slots.
  clock.ms += 60_000
  const paid = await world.mined(ALICE, 50n * UNIT)
  const branchA = devnet.fork(1, [
    { tx: withFee, block: 0 },
    { tx: paid, block: 0 },
  ])
  const branchB = devnet.head
  devnet.switchTo(branchA)
  main.requests.clear()
  // Named on A, its infos read on B, its block read on A.
  switchAfter(world, '/wallet/getblock', branchB)
  switchAfter(world, '/wallet/gettransactioninfobyblocknum', branchA)
  await world.watch.follower.tick()
  assert.equal(main.requests.get('/wallet/gettransactioninfobyblocknum'), 2)
  assert.deepEqual(await world.stories(), ['50: detected'])
  await assertMirrorsDevnet(world, [ALICE])
  devnet.switchTo(branchB)
  await world.follow()
  assert.deepEqual(await world.stories(), ['49.95: detected confirmed', '50: detected orphaned'])
  await assertMirrorsDevnet(world, [ALICE])
})

for (const at of [
  '/wallet/getblock',
  '/wallet/gettransactioninfobyblocknum',
  '/wallet/getblockbynum',
]) {
  test(`a switch behind an answer of ${at} credits neither branch with the other’s transfers`, async (t) => {
    const world = await devnetWorld(t, PATIENT)
    const { devnet } = world
    await world.register([ALICE, BOB])
    await world.follow()
    const onB = await world.wallet.signTransfer({ to: BOB, amount: 30n * UNIT })
    await world.mined(ALICE, 20n * UNIT)
    const branchA = devnet.fork(1, [{ tx: onB, block: 0 }], 1)
    const branchB = devnet.head
    for (const branch of [branchB, branchA, branchB]) {
      devnet.switchTo(branch === branchA ? branchB : branchA)
      switchAfter(world, at, branch)
      await world.follow()
      await assertTrueSoFar(world, [ALICE, BOB])
      // What did not fit was left to the next poll.
      await world.follow()
      await assertMirrorsDevnet(world, [ALICE, BOB])
    }
  })
}

test('many switches in a row, seen one by one or several at once, end as the chain says', async (t) => {
  const world = await devnetWorld(t, PATIENT)
  const { devnet } = world
  await world.register([ALICE])
  for (let round = 0; round < 12; round += 1) {
    const txHash = await world.mined(ALICE, BigInt(50 + 10 * round) * UNIT)
    devnet.mine(round % 3)
    if (round % 2 === 0) await world.follow()
    const depth = 1 + (round % 3)
    devnet.fork(
      depth,
      round % 4 === 3 ? [] : [{ tx: txHash, block: round % 2 }],
      depth + (round % 2),
    )
    if (round % 3 === 0) await world.follow()
  }
  devnet.mine()
  await world.follow()
  await assertMirrorsDevnet(world, [ALICE])
  assert.equal((await devnetTransfers(world.main, [ALICE])).length, 9)
})

/** Deposits and the facts they are made from, whatever block they are in. */
async function identities({ db }: DevnetWorld): Promise<string[]> {
  const rows = await db.selectFrom('deposit').selectAll().orderBy('id').execute()
  return rows.map(({ id, tx_hash, amount }) => `${id} ${toHex(tx_hash)} ${amount}`)
}

/**
 * In the middle of a switch our view may be behind the node's. But what we call standing must be in a block that
 * our own view holds, no deposit may be told twice, and wherever our view agrees with the node's at a height,
 * the deposits of that height are the node's transfers.
 */
async function assertTrueSoFar(world: DevnetWorld, recipients: readonly Address[]): Promise<void> {
  const { db } = world
  const rows = await db
    .selectFrom('deposit')
    .select(['tx_hash', 'block_hash', 'state', 'height'])
    .where('state', 'in', ['detected', 'confirmed', 'final'])
    .execute()
  const blocks = await db
    .selectFrom('block')
    .select('hash')
    .where('disconnected_at', 'is', null)
    .execute()
  const held = new Set(blocks.map(({ hash }) => toHex(hash)))
  const told = rows.map(({ tx_hash }) => toHex(tx_hash))
  assert.equal(new Set(told).size, told.length)
  for (const { block_hash, state } of rows) {
    assert.ok(held.has(toHex(block_hash)))
    assert.notEqual(state, 'final')
  }
  const theirs = await devnetTransfers(world.main, recipients)
  for (const line of theirs) {
    const [txHash = '', , , , blockHash = ''] = line.split(' ')
    if (held.has(blockHash as Hex)) assert.ok(told.includes(txHash as Hex), line)
  }
}

/** The node answers once more as it is, and has gone over to the other branch before the next question. */
function switchAfter({ main, devnet }: DevnetWorld, at: string, branch: BlockRef): void {
  const change = (answer: unknown): unknown => {
    devnet.switchTo(branch)
    return answer
  }
  main.misbehave(at, { kind: 'change', change }, 1)
}

function accountOf({ wallet }: DevnetWorld, index: number): Address {
  const account = wallet.accounts[index]
  assert.ok(account)
  return account
}
