import assert from 'node:assert/strict'
import { test } from 'node:test'
import { savePolicy } from '../../../src/confirmation/policy-store.ts'
import { callNode, mine } from '../../../src/dev/anvil-control.ts'
import { ANVIL_ACCOUNTS } from '../../../src/dev/anvil.ts'
import {
  callToken,
  deployBatchPayer,
  deployLogForge,
  deploySuccessor,
  deployToken,
  forgeLog,
  payBatch,
  TOKEN_ADDRESS,
  transfer,
} from '../../../src/dev/token/token.ts'
import type { Address } from '../../../src/domain/chain.ts'
import { createEnvironment, enableRail } from '../../../src/environment/environment-store.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { registerAddresses } from '../../../src/match/address-store.ts'
import {
  ALICE,
  anvilWorld,
  assertMirrorsChain,
  bareNode,
  BOB,
  CAROL,
  TWO_BANDS,
  UNIT,
  type AnvilWorld,
} from '../../support/anvil-world.ts'
import { ANVIL, RAIL } from '../../support/flow-world.ts'

const [OWNER = ALICE, SPENDER = ALICE] = ANVIL_ACCOUNTS
/** keccak256 of `Transfer(address,address,uint256)`, and of another event with the same arguments. */
const TRANSFER = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
const APPROVAL = '0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925'

test('A1: a transfer that reverts is no deposit', async (t) => {
  const world = await anvilWorld(t)
  await world.register([ALICE])
  // The account owns no tokens.
  const txHash = await transfer(world.anvil.url, {
    token: TOKEN_ADDRESS,
    to: ALICE,
    amount: 50n * UNIT,
    sender: 9,
  })
  const receipt = await callNode<{ status: Hex }>(
    world.anvil.url,
    'eth_getTransactionReceipt',
    txHash,
  )
  assert.equal(receipt.status, '0x0')
  await assertSilent(world)
})

test('A2: a call that succeeds and moves nothing is no deposit', async (t) => {
  // A contract at the token's address that accepts every call in silence.
  const node = await bareNode(t)
  assert.equal(await deployLogForge(node.url), TOKEN_ADDRESS)
  const world = await anvilWorld(t, { node })
  await world.register([ALICE])
  await world.pay(ALICE, 50n * UNIT)
  await assertSilent(world)
})

test('A4: a token with the same name at another address is no deposit', async (t) => {
  const world = await anvilWorld(t)
  await world.register([ALICE])
  const fake = await deployToken(world.anvil.url)
  await transfer(world.anvil.url, { token: fake, to: ALICE, amount: 9_999n * UNIT })
  await assertSilent(world)
})

test('A5: look-alike logs, of the token itself or beside a real transfer, are no deposits', async (t) => {
  const node = await bareNode(t)
  const forge = await deployLogForge(node.url)
  assert.equal(forge, TOKEN_ADDRESS)
  const other = await deployLogForge(node.url)
  const world = await anvilWorld(t, { node })
  await world.register([ALICE])
  const [from, to, value] = [topicOf(OWNER), topicOf(ALICE), word(50n * UNIT)]
  const lookAlikes: [what: string, topics: Hex[], data: Hex][] = [
    ['value indexed as well', [TRANSFER, from, to, value], '0x'],
    ['nothing indexed', [TRANSFER], `0x${[from, to, value].map(strip).join('')}`],
    ['recipient not indexed', [TRANSFER, from], `0x${strip(to)}${strip(value)}`],
    ['another event', [APPROVAL, from, to], value],
    ['no data', [TRANSFER, from, to], '0x'],
    ['two words of data', [TRANSFER, from, to], `0x${strip(value)}${strip(value)}`],
    ['half a word of data', [TRANSFER, from, to], `0x${strip(value).slice(32)}`],
    ['dirty recipient', [TRANSFER, from, `0xff${strip(to).slice(2)}`], value],
  ]
  for (const [, topics, data] of lookAlikes) await forgeLog(node.url, forge, { topics, data })
  await forgeLog(node.url, other, { topics: [TRANSFER, from, to], data: value })
  await assertSilent(world)
  // The same contract, with a log of the right shape.
  await forgeLog(node.url, forge, { topics: [TRANSFER, from, to], data: value })
  await world.follow()
  assert.deepEqual(await world.stories(), ['50: detected'])
})

test('A6: transfers made by others than their sender are deposits: the log counts, not the call', async (t) => {
  const world = await anvilWorld(t)
  const { url } = world.anvil
  await world.register([ALICE, BOB])
  await callToken(url, {
    token: TOKEN_ADDRESS,
    name: 'approve',
    args: [SPENDER, 50n * UNIT],
  })
  await callToken(url, {
    token: TOKEN_ADDRESS,
    sender: 1,
    name: 'transferFrom',
    args: [OWNER, ALICE, 50n * UNIT],
  })
  const payer = await deployBatchPayer(url)
  const fake = await deployToken(url)
  await world.pay(payer, 100n * UNIT)
  await transfer(url, { token: fake, to: payer, amount: 100n * UNIT })
  await payBatch(url, payer, [
    { token: TOKEN_ADDRESS, to: ALICE, amount: 10n * UNIT },
    { token: fake, to: ALICE, amount: 11n * UNIT },
    { token: TOKEN_ADDRESS, to: CAROL, amount: 12n * UNIT },
    { token: TOKEN_ADDRESS, to: BOB, amount: 13n * UNIT },
  ])
  await world.follow()
  assert.deepEqual((await world.stories()).toSorted(), [
    '10: detected',
    '13: detected',
    '50: detected confirmed',
  ])
})

test('A7: with a fee the deposit is what arrived, wherever the fee is logged', async (t) => {
  const world = await anvilWorld(t)
  const { url } = world.anvil
  await world.register([ALICE, OWNER])
  await world.pay(SPENDER, 2_000n * UNIT)
  await callToken(url, {
    token: TOKEN_ADDRESS,
    name: 'setParams',
    args: [10n, 1_000n * UNIT],
  })
  // 10 basis points of 1,000: the fee of 1 goes to the owner, in the first log.
  await transfer(url, { token: TOKEN_ADDRESS, to: ALICE, amount: 1_000n * UNIT, sender: 1 })
  await world.follow()
  assert.deepEqual((await world.stories()).toSorted(), ['1: detected', '999: detected'])
  await assertMirrorsChain(world, [ALICE, OWNER])
})

test('A9: after `deprecate` the logs come from the successor, and are no deposits', async (t) => {
  const world = await anvilWorld(t)
  const { url } = world.anvil
  await world.register([ALICE])
  await world.pay(ALICE, 10n * UNIT)
  const successor = await deploySuccessor(url, TOKEN_ADDRESS)
  await callToken(url, { token: TOKEN_ADDRESS, name: 'deprecate', args: [successor] })
  await world.pay(ALICE, 20n * UNIT)
  await world.follow()
  assert.deepEqual(await world.stories(), ['10: detected confirmed'])
})

test('A10: a blacklisted recipient still receives; destroyed funds take no deposit back', async (t) => {
  const world = await anvilWorld(t)
  const { url } = world.anvil
  await world.register([ALICE])
  await world.pay(ALICE, 10n * UNIT)
  await callToken(url, { token: TOKEN_ADDRESS, name: 'addBlackList', args: [ALICE] })
  await world.pay(ALICE, 20n * UNIT)
  await callToken(url, { token: TOKEN_ADDRESS, name: 'destroyBlackFunds', args: [ALICE] })
  await mine(url)
  await world.follow()
  assert.deepEqual(await world.stories(), ['10: detected confirmed', '20: detected confirmed'])
})

test('A11: nothing, and next to nothing, is no deposit', async (t) => {
  const world = await anvilWorld(t)
  const { url } = world.anvil
  await world.register([ALICE])
  // Nobody approved anything: zero needs no allowance.
  await callToken(url, {
    token: TOKEN_ADDRESS,
    sender: 5,
    name: 'transferFrom',
    args: [OWNER, ALICE, 0n],
  })
  await world.pay(ALICE, 0n)
  await world.pay(ALICE, 1n)
  await world.pay(ALICE, UNIT - 1n)
  await assertSilent(world)
})

test('A12: what an address pays itself or others is no deposit', async (t) => {
  const world = await anvilWorld(t)
  const { url } = world.anvil
  await world.pay(SPENDER, 100n * UNIT)
  await world.register([SPENDER])
  await transfer(url, { token: TOKEN_ADDRESS, to: SPENDER, amount: 50n * UNIT, sender: 1 })
  await transfer(url, { token: TOKEN_ADDRESS, to: CAROL, amount: 50n * UNIT, sender: 1 })
  await world.follow()
  assert.deepEqual(await world.stories(), ['100: detected confirmed'])
})

test('A13: two environments that watch one address get a deposit each, with ids of their own', async (t) => {
  const world = await anvilWorld(t)
  await world.register([ALICE])
  await joinEnvironment(world, 'other-test', [ALICE])
  await world.pay(ALICE, 10n * UNIT)
  await mine(world.anvil.url)
  await world.follow()
  assert.deepEqual(await world.stories(), ['10: detected confirmed', '10: detected confirmed'])
  const rows = await world.db
    .selectFrom('deposit')
    .select(['id', 'environment_id'])
    .orderBy('environment_id')
    .execute()
  assert.deepEqual(
    rows.map(({ environment_id }) => environment_id),
    ['acme-test', 'other-test'],
  )
  assert.notEqual(rows[0]?.id, rows[1]?.id)
})

test('equal transfers of one transaction are a deposit each, stable through a re-read', async (t) => {
  const world = await anvilWorld(t)
  const { url } = world.anvil
  await world.register([ALICE])
  const payer = await deployBatchPayer(url)
  await world.pay(payer, 100n * UNIT)
  const payment = { token: TOKEN_ADDRESS, to: ALICE, amount: 10n * UNIT }
  await payBatch(url, payer, [payment, { ...payment, to: BOB }, payment, payment])
  await world.follow()
  const rows = await world.db
    .selectFrom('deposit')
    .select(['id', 'ordinal', 'log_index'])
    .orderBy('ordinal')
    .execute()
  assert.deepEqual(
    rows.map(({ ordinal, log_index }) => [ordinal, log_index]),
    [
      [0, 0],
      [1, 2],
      [2, 3],
    ],
  )
  assert.equal(new Set(rows.map(({ id }) => id)).size, 3)
  // Somebody registers late and has the same blocks read again: nobody's deposits change.
  await world.register([BOB], 0)
  await world.follow()
  assert.deepEqual(await world.stories(), Array<string>(4).fill('10: detected'))
})

test('A17: amounts above 2^53 are kept to the last digit', async (t) => {
  const node = await bareNode(t)
  const forge = await deployLogForge(node.url)
  const world = await anvilWorld(t, { node })
  await world.register([ALICE])
  const amounts = [2n ** 53n + 1n, 2n ** 128n + 1n, 2n ** 256n - 1n]
  for (const amount of amounts) {
    const topics = [TRANSFER, topicOf(OWNER), topicOf(ALICE)] as const
    await forgeLog(node.url, forge, { topics, data: word(amount) })
  }
  await world.follow()
  const rows = await world.db.selectFrom('deposit').select('amount').orderBy('height').execute()
  assert.deepEqual(
    rows.map(({ amount }) => amount),
    [
      '9007199254740993',
      '340282366920938463463374607431768211457',
      '115792089237316195423570985008687907853269984665640564039457584007913129639935',
    ],
  )
  const events = await world.db.selectFrom('event').select('body').orderBy('position').execute()
  assert.match(
    events[0]?.body ?? '',
    /"amount":"9007199254740993".*"amount_decimal":"9007199254\.740993"/,
  )
})

async function assertSilent(world: AnvilWorld): Promise<void> {
  await mine(world.anvil.url, 2)
  await world.follow()
  assert.deepEqual(await world.stories(), [])
}

async function joinEnvironment(
  { db }: AnvilWorld,
  environment: string,
  addresses: readonly Address[],
): Promise<void> {
  const now = new Date()
  await db.transaction().execute(async (tx) => {
    await createEnvironment(tx, { id: environment, kind: 'test', now })
    await enableRail(tx, { environment, rail: RAIL.id, now })
    const change = { policy: TWO_BANDS, author: 'test', reason: 'test', now }
    await savePolicy(tx, { environment, rail: RAIL, ...change })
    const entries = addresses.map((address) => ({ rail: RAIL.id, address, owner: 'tester' }))
    await registerAddresses(tx, { environment, chainId: ANVIL.chain.id, now, entries })
  })
}

function strip(hex: Hex): string {
  return hex.slice(2)
}

function word(value: bigint): Hex {
  return `0x${value.toString(16).padStart(64, '0')}`
}

function topicOf(address: Address): Hex {
  return word(BigInt(address))
}
