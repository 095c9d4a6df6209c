import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  FAKE_TOKEN_ADDRESS,
  LOG_FORGE_ADDRESS,
  ROUTER_ADDRESS,
  SUCCESSOR_ADDRESS,
  TOKEN_ADDRESS,
} from '../../../src/dev/tron/ledger/contracts.ts'
import type { Address } from '../../../src/domain/chain.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { ask, DEPOSIT, mined, openTronWorld, rpc, words, type Info } from './tron-world.ts'

const TRANSFER = 'ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
const NO = '0'.repeat(64)
const YES = '1'.padStart(64, '0')
const OTHER: Address = `0x${'e2'.repeat(20)}`
const NOBODY: Address = `0x${'00'.repeat(20)}`

function word(value: Address | bigint): string {
  const hex = typeof value === 'bigint' ? value.toString(16) : value.slice(2)
  return hex.padStart(64, '0')
}

type Moved = readonly [contract: Address, from: Address, to: Address, amount: bigint]

function transferLog([contract, from, to, amount]: Moved): object {
  return {
    address: contract.slice(2),
    data: word(amount),
    topics: [TRANSFER, word(from), word(to)],
  }
}

function assertMoved(info: Info, moved: readonly Moved[]): void {
  const transfers = (info.log ?? []).filter(({ topics }) => topics[0] === TRANSFER)
  assert.deepEqual(transfers, moved.map(transferLog))
}

function assertFailed(info: Info, result: string): void {
  assert.equal(info.result, 'FAILED')
  assert.equal(info.receipt.result, result)
  assert.deepEqual(info.contractResult, [''])
  assert.equal(info.log, undefined)
}

test('a transfer moves money and answers false, like the original', async (t) => {
  const world = await openTronWorld(t)
  const [owner] = world.wallet.accounts as [Address]
  const info = await mined(world, await world.wallet.transfer({ to: DEPOSIT, amount: 1_234_567n }))
  assertMoved(info, [[TOKEN_ADDRESS, owner, DEPOSIT, 1_234_567n]])
  assert.deepEqual(info.contractResult, [NO])
  assert.equal(info.receipt.result, 'SUCCESS')
  // What real transfers cost: to somebody without tokens, and to somebody with some.
  assert.equal(info.receipt.energy_usage_total, 28_412)
  const again = await mined(world, await world.wallet.transfer({ to: DEPOSIT, amount: 1n }))
  assert.equal(again.receipt.energy_usage_total, 13_412)
  assert.equal(await world.wallet.balanceOf(DEPOSIT), 1_234_568n)
})

test('a transfer of nothing, and one to oneself, are logged like any other', async (t) => {
  const world = await openTronWorld(t)
  const [owner] = world.wallet.accounts as [Address]
  const nothing = await mined(world, await world.wallet.transfer({ to: DEPOSIT, amount: 0n }))
  assertMoved(nothing, [[TOKEN_ADDRESS, owner, DEPOSIT, 0n]])
  const before = await world.wallet.balanceOf(owner)
  const self = await mined(world, await world.wallet.transfer({ to: owner, amount: 7n }))
  assertMoved(self, [[TOKEN_ADDRESS, owner, owner, 7n]])
  assert.equal(await world.wallet.balanceOf(owner), before)
})

test('more than the balance is reverted, and too low a fee limit runs out of energy', async (t) => {
  const world = await openTronWorld(t)
  const { wallet } = world
  const tooMuch = await mined(
    world,
    await wallet.transfer({ to: DEPOSIT, amount: 10n ** 18n, sender: 1 }),
  )
  assertFailed(tooMuch, 'REVERT')
  assert.equal(words(tooMuch.resMessage), 'REVERT opcode executed')
  const tooLow = await mined(
    world,
    await wallet.transfer({ to: DEPOSIT, amount: 5n, feeLimit: 200_000 }),
  )
  assertFailed(tooLow, 'OUT_OF_ENERGY')
  assert.match(
    words(tooLow.resMessage),
    /^Not enough energy for 'SSTORE' operation executing: curInvokeEnergyLimit\[2000\], curOpEnergy\[\d+\], usedEnergy\[1200\]$/,
  )
  assert.equal(tooLow.receipt.energy_usage_total, 2_000)
  assert.equal(await wallet.balanceOf(DEPOSIT), 0n)
})

test('calldata with a 0x41 in its address word moves the same money and logs clean words', async (t) => {
  const world = await openTronWorld(t)
  const { wallet } = world
  const [owner] = wallet.accounts as [Address]
  const clean = await wallet.signTransfer({ to: DEPOSIT, amount: 43n })
  const dirty = await wallet.signData(
    TOKEN_ADDRESS,
    `0xa9059cbb${`41${DEPOSIT.slice(2)}`.padStart(64, '0')}${word(43n)}`,
  )
  assert.notEqual(dirty.raw_data_hex, clean.raw_data_hex)
  const info = await mined(world, await wallet.broadcast(dirty))
  assertMoved(info, [[TOKEN_ADDRESS, owner, DEPOSIT, 43n]])
})

test('an allowance is spent by transferFrom, which answers true; nothing needs none', async (t) => {
  const world = await openTronWorld(t)
  const { wallet } = world
  const [owner, spender] = wallet.accounts as [Address, Address]
  const approved = await mined(
    world,
    await wallet.callToken({ name: 'approve', args: [spender, 100n] }),
  )
  assertMoved(approved, [])
  assert.deepEqual(approved.contractResult, [YES])
  const pull = (amount: bigint): Promise<Hex> =>
    wallet.callToken({ name: 'transferFrom', args: [owner, DEPOSIT, amount], sender: 1 })
  const pulled = await mined(world, await pull(60n))
  assertMoved(pulled, [[TOKEN_ADDRESS, owner, DEPOSIT, 60n]])
  assert.deepEqual(pulled.contractResult, [YES])
  assertFailed(await mined(world, await pull(41n)), 'REVERT')
  const poison = await wallet.callToken({
    name: 'transferFrom',
    args: [owner, DEPOSIT, 0n],
    sender: 5,
  })
  assertMoved(await mined(world, poison), [[TOKEN_ADDRESS, owner, DEPOSIT, 0n]])
})

test('with a fee the recipient’s log comes first and the owner’s second', async (t) => {
  const world = await openTronWorld(t)
  const { wallet } = world
  const [owner, payer] = wallet.accounts as [Address, Address]
  await wallet.callToken({ name: 'setParams', args: [10n, 5n] })
  const info = await mined(
    world,
    await wallet.transfer({ to: DEPOSIT, amount: 1_000_000n, sender: 1 }),
  )
  assertMoved(info, [
    [TOKEN_ADDRESS, payer, DEPOSIT, 999_000n],
    [TOKEN_ADDRESS, payer, owner, 1_000n],
  ])
  const capped = await mined(
    world,
    await wallet.transfer({ to: DEPOSIT, amount: 100_000_000_000n, sender: 1 }),
  )
  assertMoved(capped, [
    [TOKEN_ADDRESS, payer, DEPOSIT, 99_995_000_000n],
    [TOKEN_ADDRESS, payer, owner, 5_000_000n],
  ])
})

test('the blacklist stops senders only, and its funds are destroyed without a Transfer', async (t) => {
  const world = await openTronWorld(t)
  const { wallet } = world
  const [owner, listed] = wallet.accounts as [Address, Address]
  const added = await mined(world, await wallet.callToken({ name: 'addBlackList', args: [listed] }))
  assert.deepEqual(added.log, [
    {
      address: TOKEN_ADDRESS.slice(2),
      topics: ['42e160154868087d6bfdc0ca23d96a1c1cfa32f1b72ba9ba27b69b98a0d819dc', word(listed)],
    },
  ])
  const sent = await wallet.transfer({ to: DEPOSIT, amount: 1n, sender: 1 })
  assertFailed(await mined(world, sent), 'REVERT')
  const received = await mined(world, await wallet.transfer({ to: listed, amount: 9n }))
  assertMoved(received, [[TOKEN_ADDRESS, owner, listed, 9n]])
  const destroyed = await wallet.callToken({ name: 'destroyBlackFunds', args: [listed] })
  assertMoved(await mined(world, destroyed), [])
  assert.equal(await wallet.balanceOf(listed), 0n)
})

test('issue and redeem log a Transfer from and to nobody; only the owner may', async (t) => {
  const world = await openTronWorld(t)
  const { wallet } = world
  const [owner] = wallet.accounts as [Address]
  const issued = await mined(world, await wallet.callToken({ name: 'issue', args: [8n] }))
  assertMoved(issued, [[TOKEN_ADDRESS, NOBODY, owner, 8n]])
  const redeemed = await mined(world, await wallet.callToken({ name: 'redeem', args: [8n] }))
  assertMoved(redeemed, [[TOKEN_ADDRESS, owner, NOBODY, 8n]])
  const stranger = await wallet.callToken({ name: 'issue', args: [8n], sender: 1 })
  assertFailed(await mined(world, stranger), 'REVERT')
})

test('a paused token moves nothing until it is unpaused', async (t) => {
  const world = await openTronWorld(t)
  const { wallet } = world
  await wallet.callToken({ name: 'pause' })
  assertFailed(await mined(world, await wallet.transfer({ to: DEPOSIT, amount: 1n })), 'REVERT')
  await wallet.callToken({ name: 'unpause' })
  const info = await mined(world, await wallet.transfer({ to: DEPOSIT, amount: 1n }))
  assert.equal(info.log?.length, 1)
})

test('a deprecated token hands over: its successor emits the logs', async (t) => {
  const world = await openTronWorld(t)
  const { wallet } = world
  const [owner] = wallet.accounts as [Address]
  await wallet.callToken({ name: 'deprecate', args: [SUCCESSOR_ADDRESS] })
  const info = await mined(world, await wallet.transfer({ to: DEPOSIT, amount: 3n }))
  assertMoved(info, [[SUCCESSOR_ADDRESS, owner, DEPOSIT, 3n]])
  assert.equal(await wallet.balanceOf(DEPOSIT, SUCCESSOR_ADDRESS), 3n)
})

test('a fake token’s log carries the fake’s address', async (t) => {
  const world = await openTronWorld(t)
  const [owner] = world.wallet.accounts as [Address]
  const sent = await world.wallet.transfer({ to: DEPOSIT, amount: 9n, token: FAKE_TOKEN_ADDRESS })
  assertMoved(await mined(world, sent), [[FAKE_TOKEN_ADDRESS, owner, DEPOSIT, 9n]])
  assert.equal(await world.wallet.balanceOf(DEPOSIT), 0n)
})

test('a router pays many at once, in two tokens, with a log of its own', async (t) => {
  const world = await openTronWorld(t)
  const tokens = [TOKEN_ADDRESS, FAKE_TOKEN_ADDRESS, TOKEN_ADDRESS]
  const args = [tokens, [DEPOSIT, DEPOSIT, OTHER], [11n, 12n, 13n]]
  const info = await mined(world, await world.wallet.callRouter({ name: 'pay', args }))
  assertMoved(info, [
    [TOKEN_ADDRESS, ROUTER_ADDRESS, DEPOSIT, 11n],
    [FAKE_TOKEN_ADDRESS, ROUTER_ADDRESS, DEPOSIT, 12n],
    [TOKEN_ADDRESS, ROUTER_ADDRESS, OTHER, 13n],
  ])
  assert.equal(info.log?.length, 4)
  assert.equal(info.log.at(-1)?.address, ROUTER_ADDRESS.slice(2))
  assert.deepEqual(
    info.internal_transactions?.map(({ rejected }) => rejected),
    [undefined, undefined, undefined],
  )
})

test('a router moves somebody else’s money with an allowance', async (t) => {
  const world = await openTronWorld(t)
  const { wallet } = world
  const [owner] = wallet.accounts as [Address]
  await wallet.callToken({ name: 'approve', args: [ROUTER_ADDRESS, 50n] })
  const args = [TOKEN_ADDRESS, owner, DEPOSIT, 50n]
  const info = await mined(world, await wallet.callRouter({ name: 'pull', args, sender: 3 }))
  assertMoved(info, [[TOKEN_ADDRESS, owner, DEPOSIT, 50n]])
})

test('a router that swallows an inner failure succeeds without a Transfer', async (t) => {
  const world = await openTronWorld(t)
  const { wallet } = world
  const tooMuch = [TOKEN_ADDRESS, DEPOSIT, 10n ** 18n]
  const swallowed = await mined(world, await wallet.callRouter({ name: 'tryPay', args: tooMuch }))
  assert.equal(swallowed.receipt.result, 'SUCCESS')
  assert.deepEqual(swallowed.contractResult, [NO])
  assertMoved(swallowed, [])
  assert.deepEqual(
    swallowed.internal_transactions?.map(({ rejected }) => rejected),
    [true],
  )
  const fine = [TOKEN_ADDRESS, DEPOSIT, 13n]
  const paid = await mined(world, await wallet.callRouter({ name: 'tryPay', args: fine }))
  assert.deepEqual(paid.contractResult, [YES])
  assertMoved(paid, [[TOKEN_ADDRESS, ROUTER_ADDRESS, DEPOSIT, 13n]])
})

test('what an inner call had moved before it failed is undone, although its caller goes on', async (t) => {
  const world = await openTronWorld(t)
  const args = [TOKEN_ADDRESS, DEPOSIT, 500n]
  const info = await mined(world, await world.wallet.callRouter({ name: 'undoThenPayOne', args }))
  assert.equal(info.receipt.result, 'SUCCESS')
  assertMoved(info, [[TOKEN_ADDRESS, ROUTER_ADDRESS, DEPOSIT, 1n]])
  assert.deepEqual(
    info.internal_transactions?.map(({ rejected }) => rejected),
    [true, true, undefined],
  )
  assert.equal(await world.wallet.balanceOf(DEPOSIT), 1n)
})

const UNDONE = [
  ['payThenRevert', 'REVERT', /^REVERT opcode executed$/, 1],
  ['payThenCrash', 'ILLEGAL_OPERATION', /^Invalid operation code: opCode\[fe\];$/, 1],
  ['payThenBurn', 'OUT_OF_ENERGY', /^Not enough energy for 'SSTORE'/, 1],
  // The producer gives up without telling what it did until then.
  ['payThenStall', 'OUT_OF_TIME', /^Already Time Out$/, 0],
] as const

for (const [name, result, message, internals] of UNDONE) {
  test(`an inner transfer is undone when its transaction ends as ${result}`, async (t) => {
    const world = await openTronWorld(t)
    const args = [TOKEN_ADDRESS, DEPOSIT, 17n]
    const info = await mined(world, await world.wallet.callRouter({ name, args }))
    assertFailed(info, result)
    assert.match(words(info.resMessage), message)
    assert.equal(info.internal_transactions?.length ?? 0, internals)
    for (const { rejected } of info.internal_transactions ?? []) assert.equal(rejected, true)
    assert.equal(await world.wallet.balanceOf(DEPOSIT), 0n)
  })
}

test('a careless node shows the logs of a transaction that ran out of time, others do not', async (t) => {
  const world = await openTronWorld(t)
  const { devnet, wallet } = world
  const careless = await devnet.openNode({ phantomLogs: true })
  const args = [TOKEN_ADDRESS, DEPOSIT, 29n]
  const txHash = await wallet.callRouter({ name: 'payThenStall', args })
  assertFailed(await mined(world, txHash), 'OUT_OF_TIME')
  const path = '/wallet/gettransactioninfobyid'
  const phantom = await ask<Info>(careless, path, { value: txHash.slice(2) })
  assert.equal(phantom.result, 'FAILED')
  assertMoved(phantom, [[TOKEN_ADDRESS, ROUTER_ADDRESS, DEPOSIT, 29n]])
  assert.match(words(phantom.resMessage), /^CPU timeout for /)
  const filter = { fromBlock: '0x0', toBlock: 'latest', address: TOKEN_ADDRESS }
  assert.equal(((await rpc(careless, 'eth_getLogs', filter)).result as object[]).length, 1)
  assert.deepEqual((await rpc(devnet.main, 'eth_getLogs', filter)).result, [])
  const receipt = (await rpc(careless, 'eth_getTransactionReceipt', txHash)).result
  assert.equal((receipt as { status: string }).status, '0x0')
})

test('a forge emits any log under its own address, and takes other calls in silence', async (t) => {
  const world = await openTronWorld(t)
  const { wallet } = world
  const dirty: Hex = `0x${'ff'.repeat(32)}`
  const forged = await mined(
    world,
    await wallet.forgeLog({ topics: [`0x${TRANSFER}`, dirty], data: '0x01' }),
  )
  assert.deepEqual(forged.log, [
    { address: LOG_FORGE_ADDRESS.slice(2), data: '01', topics: [TRANSFER, dirty.slice(2)] },
  ])
  const silent = await wallet.transfer({ to: DEPOSIT, amount: 1n, token: LOG_FORGE_ADDRESS })
  const info = await mined(world, silent)
  assert.equal(info.receipt.result, 'SUCCESS')
  assert.deepEqual(info.contractResult, [''])
  assert.equal(info.log, undefined)
})

test('TRX and a TRC10 token named USDT run no contract and log nothing', async (t) => {
  const world = await openTronWorld(t)
  const trx = await mined(world, await world.wallet.sendTrx({ to: DEPOSIT, amount: 5_000_000 }))
  const trc10 = await mined(world, await world.wallet.sendTrc10({ to: DEPOSIT, amount: 77 }))
  for (const info of [trx, trc10]) {
    assert.equal(info.receipt.result, undefined)
    assert.equal(info.log, undefined)
    assert.deepEqual(info.contractResult, [''])
  }
  const account = await ask<object>(world.devnet.main, '/wallet/getaccount', {
    address: `41${DEPOSIT.slice(2)}`,
  })
  assert.deepEqual(account, {
    address: `41${DEPOSIT.slice(2)}`,
    balance: 5_000_000,
    assetV2: [{ key: '1000001', value: 77 }],
  })
})
