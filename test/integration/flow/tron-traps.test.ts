import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { encodeFunctionData, numberToHex, pad } from 'viem/utils'
import {
  FAKE_TOKEN_ADDRESS,
  LOG_FORGE_ADDRESS,
  ROUTER_ADDRESS,
  SUCCESSOR_ADDRESS,
  TOKEN_ADDRESS,
} from '../../../src/dev/tron/ledger/contracts.ts'
import { TOKEN_ABI } from '../../../src/dev/tron/ledger/token-abi.ts'
import type { Address } from '../../../src/domain/chain.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { ALICE, BOB, CAROL, UNIT } from '../../support/anvil-world.ts'
import {
  assertMirrorsDevnet,
  devnetWorld,
  watchNodes,
  type DevnetWorld,
} from '../../support/devnet-world.ts'

const TRANSFER = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
const APPROVAL = '0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925'

/** What a transaction came to, in the node's own words. */
interface Info {
  readonly receipt: { readonly result?: string }
  readonly log?: readonly { readonly address: string }[]
  readonly contractResult: readonly string[]
}

/** One honest payment shows that the address is watched. */
async function worldWithPayment(t: TestContext): Promise<DevnetWorld> {
  const world = await devnetWorld(t)
  await world.register([ALICE])
  await world.mined(ALICE, 3n * UNIT)
  return world
}

test('A1: what is reverted, runs out of energy, crashes or times out is no deposit', async (t) => {
  const world = await worldWithPayment(t)
  const { wallet } = world
  const inner = [TOKEN_ADDRESS, ALICE, 50n * UNIT]
  const failures: [result: string, send: () => Promise<Hex>][] = [
    ['REVERT', () => wallet.transfer({ to: ALICE, amount: 10n ** 18n, sender: 9 })],
    ['OUT_OF_ENERGY', () => wallet.transfer({ to: ALICE, amount: UNIT, feeLimit: 100_000 })],
    ['REVERT', () => wallet.callRouter({ name: 'payThenRevert', args: inner })],
    ['ILLEGAL_OPERATION', () => wallet.callRouter({ name: 'payThenCrash', args: inner })],
    ['OUT_OF_ENERGY', () => wallet.callRouter({ name: 'payThenBurn', args: inner })],
    ['OUT_OF_TIME', () => wallet.callRouter({ name: 'payThenStall', args: inner })],
  ]
  for (const [result, send] of failures) {
    const { receipt } = await mined(world, await send())
    assert.equal(receipt.result, result)
  }
  await assertSilent(world)
})

test('A1: a node that shows the logs of what timed out shows no deposit, in blocks nor in ranges', async (t) => {
  for (const [jsonrpc, blocks] of [
    [false, 8],
    [false, 100],
    [true, 100],
  ] as const) {
    const world = await devnetWorld(t, { devnet: { phantomLogs: true }, jsonrpc })
    await world.register([ALICE])
    const args = [TOKEN_ADDRESS, ALICE, 50n * UNIT]
    const txHash = await world.wallet.callRouter({ name: 'payThenStall', args })
    const { receipt, log } = await mined(world, txHash)
    assert.equal(receipt.result, 'OUT_OF_TIME')
    assert.equal(log?.length, 1)
    await world.mined(ALICE, 20n * UNIT)
    world.devnet.mine(blocks)
    await world.follow()
    assert.deepEqual(await world.stories(), ['20: detected confirmed final'])
  }
})

test('A2: a call that the node calls a success and that logs nothing is no deposit', async (t) => {
  const world = await worldWithPayment(t)
  const data = encodeFunctionData({
    abi: TOKEN_ABI,
    functionName: 'transfer',
    args: [ALICE, 50n * UNIT],
  })
  const signed = await world.wallet.signData(LOG_FORGE_ADDRESS, data)
  const { receipt } = await mined(world, await world.wallet.broadcast(signed))
  assert.equal(receipt.result, 'SUCCESS')
  await assertSilent(world)
})

test('A4, A9: a fake token, and the successor of a deprecated one, are other tokens', async (t) => {
  const world = await worldWithPayment(t)
  const { wallet } = world
  await wallet.transfer({ token: FAKE_TOKEN_ADDRESS, to: ALICE, amount: 9_999n * UNIT })
  await wallet.callToken({ name: 'deprecate', args: [SUCCESSOR_ADDRESS] })
  world.devnet.mine()
  // It arrives, and the log comes from elsewhere.
  const { receipt, log } = await mined(world, await world.pay(ALICE, 50n * UNIT))
  assert.equal(receipt.result, 'SUCCESS')
  assert.deepEqual(
    log?.map(({ address }) => address),
    [SUCCESSOR_ADDRESS.slice(2)],
  )
  assert.equal(await wallet.balanceOf(ALICE), 50n * UNIT)
  await assertSilent(world)
})

test('A5: look-alike logs of another contract are no deposits', async (t) => {
  const world = await worldWithPayment(t)
  const forged: [topics: Hex[], data: Hex][] = [
    [[TRANSFER, word(CAROL), word(ALICE)], amountWord(50n * UNIT)],
    [[TRANSFER, word(CAROL), word(ALICE), amountWord(50n * UNIT)], '0x'],
    [[], amountWord(50n * UNIT)],
  ]
  for (const [topics, data] of forged) await world.wallet.forgeLog({ topics, data })
  world.devnet.mine()
  await assertSilent(world)
})

test('A5: look-alike logs of the watched contract itself are no deposits, and the honest one is', async (t) => {
  const world = await devnetWorld(t)
  await world.register([ALICE])
  const value = amountWord(50n * UNIT)
  const dirty: Hex = `0x41${word(ALICE).slice(4)}`
  const odd: [topics: Hex[], data: Hex | undefined][] = [
    [[TRANSFER, word(CAROL), word(ALICE), value], undefined],
    [[TRANSFER], `${word(CAROL)}${word(ALICE).slice(2)}${value.slice(2)}`],
    [[TRANSFER, word(CAROL)], `${word(ALICE)}${value.slice(2)}`],
    [[APPROVAL, word(CAROL), word(ALICE)], value],
    [[TRANSFER, word(CAROL), word(ALICE)], undefined],
    [[TRANSFER, word(CAROL), word(ALICE)], `${value}${value.slice(2)}`],
    [[TRANSFER, word(CAROL), word(ALICE)], '0x32'],
    [[TRANSFER, word(CAROL), dirty], value],
    [[], value],
  ]
  // The token cannot be made to log them, so the node says that it did.
  const change = (answer: unknown) => withLogs(answer, odd)
  world.main.misbehave('/wallet/gettransactioninfobyblocknum', { kind: 'change', change })
  await world.mined(ALICE, 20n * UNIT)
  await world.follow()
  assert.deepEqual(await world.stories(), ['20: detected'])
  const said = world.lines.filter(({ msg }) => msg === 'log of another shape skipped')
  assert.equal(said.length, 1, 'a person is told, once')
})

test('A6: calldata and return values say nothing: transferFrom, calls of other contracts, 0x41 in calldata', async (t) => {
  const world = await devnetWorld(t)
  await world.register([ALICE, BOB, CAROL])
  const { wallet } = world
  const [owner, spender] = [accountOf(world, 0), accountOf(world, 1)]
  await wallet.callToken({ name: 'approve', args: [spender, 100n * UNIT] })
  await wallet.callToken({ name: 'approve', args: [ROUTER_ADDRESS, 100n * UNIT], sender: 2 })
  world.devnet.mine()
  await wallet.callToken({ name: 'transferFrom', args: [owner, ALICE, 11n * UNIT], sender: 1 })
  await wallet.callRouter({
    name: 'pull',
    args: [TOKEN_ADDRESS, accountOf(world, 2), BOB, 12n * UNIT],
  })
  const call = { abi: TOKEN_ABI, functionName: 'transfer', args: [CAROL, 13n * UNIT] } as const
  const prefixed = encodeFunctionData(call).replace(
    `${'00'.repeat(12)}ca`,
    `${'00'.repeat(11)}41ca`,
  )
  await wallet.broadcast(await wallet.signData(TOKEN_ADDRESS, prefixed as Hex))
  const { contractResult, receipt } = await mined(world, await world.pay(ALICE, 14n * UNIT))
  assert.equal(receipt.result, 'SUCCESS')
  assert.match(contractResult[0] ?? '', /^0+$/, 'USDT answers false on success')
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '11: detected',
    '12: detected',
    '13: detected',
    '14: detected',
  ])
  await assertMirrorsDevnet(world, [ALICE, BOB, CAROL])
})

test('A6: a transfer that fails inside a call that succeeds is no deposit, and the one beside it is', async (t) => {
  const world = await devnetWorld(t)
  await world.register([ALICE, BOB])
  const { wallet } = world
  const tooMuch = [TOKEN_ADDRESS, ALICE, 10n ** 18n]
  const { receipt } = await mined(world, await wallet.callRouter({ name: 'tryPay', args: tooMuch }))
  assert.equal(receipt.result, 'SUCCESS')
  await wallet.callRouter({ name: 'tryPay', args: [TOKEN_ADDRESS, BOB, 5n * UNIT] })
  world.devnet.mine()
  await world.follow()
  assert.deepEqual(await world.stories(), ['5: detected'])
})

test('A7, A8: with the fee switched on the recipient’s log comes first, and what it says is the amount', async (t) => {
  const world = await devnetWorld(t)
  const owner = accountOf(world, 0)
  await world.register([ALICE, owner])
  await world.wallet.callToken({ name: 'setParams', args: [10n, 40n] })
  world.devnet.mine()
  await world.wallet.transfer({ to: ALICE, amount: 10_000n * UNIT, sender: 1 })
  world.devnet.mine()
  await world.follow()
  assert.deepEqual(await world.stories(), ['10: detected', '9990: detected'])
  await assertMirrorsDevnet(world, [ALICE, owner])
})

test('A14: several transfers of one transaction, two of them equal, are as many deposits, wherever it goes', async (t) => {
  const world = await devnetWorld(t, { devnet: { solidLag: 40 } })
  await world.register([ALICE, BOB])
  const payments: [Address, Address, bigint][] = [
    [TOKEN_ADDRESS, ALICE, 7n * UNIT],
    [FAKE_TOKEN_ADDRESS, ALICE, 7n * UNIT],
    [TOKEN_ADDRESS, BOB, 8n * UNIT],
    [TOKEN_ADDRESS, ALICE, 7n * UNIT],
    [TOKEN_ADDRESS, ALICE, 9n * UNIT],
  ]
  const args = [0, 1, 2].map((column) => payments.map((payment) => payment[column]))
  const txHash = await world.wallet.callRouter({ name: 'pay', args })
  await mined(world, txHash)
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '7: detected',
    '7: detected',
    '8: detected',
    '9: detected',
  ])
  const ids = await idsOf(world)
  const stranger = await world.wallet.signTransfer({ to: CAROL, amount: UNIT, sender: 1 })
  world.devnet.fork(1, [
    { tx: stranger, block: 0 },
    { tx: txHash, block: 1 },
  ])
  await world.follow()
  assert.deepEqual(await idsOf(world), ids)
  assert.ok(
    (await world.stories()).every((story) => story.endsWith(': detected orphaned detected')),
  )
  await assertMirrorsDevnet(world, [ALICE, BOB])
})

test('A10, A11, A15: a blacklisted recipient still receives; nothing, dust, TRC10 and TRX do not count', async (t) => {
  const world = await devnetWorld(t)
  await world.register([ALICE, BOB])
  const { wallet } = world
  await wallet.callToken({ name: 'addBlackList', args: [BOB] })
  await wallet.callToken({ name: 'transferFrom', args: [accountOf(world, 3), ALICE, 0n] })
  await world.pay(ALICE, 0n)
  await world.pay(ALICE, 9_999n)
  await wallet.sendTrc10({ to: ALICE, amount: Number(50n * UNIT) })
  await wallet.sendTrx({ to: ALICE, amount: Number(50n * UNIT) })
  await world.pay(BOB, 50n * UNIT)
  world.devnet.mine()
  await wallet.callToken({ name: 'destroyBlackFunds', args: [BOB] })
  world.devnet.mine(8)
  await world.follow()
  assert.equal(await wallet.balanceOf(BOB), 0n)
  assert.deepEqual(await world.stories(), ['50: detected confirmed final'])
})

test('A12: what an address pays itself or others is no deposit', async (t) => {
  const world = await devnetWorld(t)
  const payer = accountOf(world, 1)
  await world.register([payer])
  await world.wallet.transfer({ to: CAROL, amount: 30n * UNIT, sender: 1 })
  await world.wallet.transfer({ to: payer, amount: 31n * UNIT, sender: 1 })
  await world.pay(payer, 32n * UNIT)
  world.devnet.mine()
  await world.follow()
  assert.deepEqual(await world.stories(), ['32: detected'])
})

test('A17: amounts beyond 2^53 and up to the end of uint256 are exact', async (t) => {
  const world = await devnetWorld(t)
  await world.register([ALICE])
  const { wallet } = world
  const owned = await wallet.balanceOf(accountOf(world, 0))
  const most = 2n ** 256n - 1n
  await wallet.callToken({ name: 'issue', args: [most - owned] })
  world.devnet.mine()
  const amounts = [2n ** 53n + 1n, 2n ** 200n + 1n]
  for (const amount of amounts) await world.pay(ALICE, amount)
  world.devnet.mine()
  const rest = await wallet.balanceOf(accountOf(world, 0))
  await world.mined(ALICE, rest)
  await world.follow()
  const rows = await world.db.selectFrom('deposit').select('amount').execute()
  const seen = rows.map(({ amount }) => BigInt(amount))
  assert.deepEqual(new Set(seen), new Set([...amounts, rest]))
  assert.equal(
    seen.reduce((sum, amount) => sum + amount, 0n),
    most,
  )
  await assertMirrorsDevnet(world, [ALICE])
})

test('P10: two nodes that number logs differently make the same deposits of one chain', async (t) => {
  const found: string[][] = []
  const chain = await devnetWorld(t, { devnet: { phantomLogs: false } })
  const args = [TOKEN_ADDRESS, ALICE, 50n * UNIT]
  await chain.wallet.callRouter({ name: 'payThenStall', args })
  await chain.pay(ALICE, 20n * UNIT)
  chain.devnet.mine()
  await chain.devnet.openNode({ phantomLogs: true })
  for (const node of chain.devnet.nodes) {
    const world = await watchNodes(t, [node])
    await world.register([ALICE])
    await world.run(world.watch.follower)
    const rows = await world.db.selectFrom('deposit').select(['id', 'log_index']).execute()
    found.push(rows.map(({ id, log_index }) => `${id} ${log_index}`))
  }
  const [[honest = ''] = [], [phantom = ''] = []] = found
  assert.equal(honest.split(' ')[0], phantom.split(' ')[0])
  assert.deepEqual([honest.split(' ')[1], phantom.split(' ')[1]], ['0', '1'])
})

/** Puts what is pending into a block and says what became of it. */
async function mined({ devnet, main }: DevnetWorld, txHash: Hex): Promise<Info> {
  devnet.mine()
  const body = JSON.stringify({ value: txHash.slice(2) })
  const path = '/wallet/gettransactioninfobyid'
  const response = await fetch(main.fullUrl + path, { method: 'POST', body })
  return (await response.json()) as Info
}

/** Nothing since the first payment is a deposit, however deep it lies. */
async function assertSilent(world: DevnetWorld): Promise<void> {
  world.devnet.mine(10)
  await world.follow()
  assert.deepEqual(await world.stories(), ['3: detected confirmed final'])
}

/** Adds logs of the watched contract to every transaction that has some. */
function withLogs(
  answer: unknown,
  odd: readonly [topics: Hex[], data: Hex | undefined][],
): unknown {
  const address = TOKEN_ADDRESS.slice(2)
  const extra = odd.map(([topics, data]) => ({
    address,
    topics: topics.map((topic) => topic.slice(2)),
    ...(data === undefined ? {} : { data: data.slice(2) }),
  }))
  return (answer as { log?: object[] }[]).map((info) =>
    info.log === undefined ? info : { ...info, log: [...extra, ...info.log] },
  )
}

async function idsOf({ db }: DevnetWorld): Promise<string[]> {
  const rows = await db.selectFrom('deposit').select('id').orderBy('id').execute()
  return rows.map(({ id }) => id)
}

function word(address: Address): Hex {
  return pad(address, { size: 32 })
}

function amountWord(amount: bigint): Hex {
  return numberToHex(amount, { size: 32 })
}

function accountOf({ wallet }: DevnetWorld, index: number): Address {
  const account = wallet.accounts[index]
  assert.ok(account)
  return account
}
