import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { AppError } from '../../../src/domain/error.ts'
import type { Transfer } from '../../../src/domain/transfer.ts'
import { ANVIL_ACCOUNTS, startAnvil } from '../../../src/dev/anvil.ts'
import {
  callNode,
  headHeight,
  mine,
  reorg,
  signedTransaction,
} from '../../../src/dev/anvil-control.ts'
import {
  balanceOf,
  callToken,
  deployBatchPayer,
  deployLogForge,
  deploySuccessor,
  deployToken,
  forgeLog,
  payBatch,
  transfer,
} from '../../../src/dev/token/token.ts'
import type { Address } from '../../../src/domain/chain.ts'
import { required } from '../../../src/lib/assert.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { anvilFor, openEvmSource } from '../../support/evm-chain.ts'

/** What is a transfer on a real chain, and what only looks like one. */

const OWNER = account(0)
const PAYER = account(3)
const RECIPIENT = account(1)
const TRANSFER = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'

test('a reverted transaction moves nothing', async (t) => {
  const { url, token, seen } = await world(t)
  // The payer owns nothing yet, so this is mined with status 0.
  const tx = await transfer(url, { token, to: RECIPIENT, amount: 1n, sender: 3 })
  const receipt = await callNode<{ status: Hex }>(url, 'eth_getTransactionReceipt', tx)
  assert.equal(receipt.status, '0x0')
  assert.deepEqual(await seen(), [])
})

test('a transfer that succeeds without a log moves nothing', async (t) => {
  const url = await anvilFor(t)
  const silent = await deployLogForge(url)
  const source = await openEvmSource(t, { urls: [url], contract: silent })
  const tx = await transfer(url, { token: silent, to: RECIPIENT, amount: 1n })
  const receipt = await callNode<{ status: Hex }>(url, 'eth_getTransactionReceipt', tx)
  assert.equal(receipt.status, '0x1')
  assert.deepEqual((await source.block(await headHeight(url)))?.transfers, [])
})

test('a token of the same name at another address is another token', async (t) => {
  const { url, token, seen } = await world(t)
  const fake = await deployToken(url)
  assert.notEqual(fake, token)
  await transfer(url, { token: fake, to: RECIPIENT, amount: 5n })
  assert.deepEqual(await seen(), [])
})

test('in one transaction only the logs of the pinned contract count', async (t) => {
  const { url, token, seen } = await world(t)
  const fake = await deployToken(url)
  const payer = await deployBatchPayer(url)
  await transfer(url, { token, to: payer, amount: 100n })
  await transfer(url, { token: fake, to: payer, amount: 100n })
  await payBatch(url, payer, [
    { token: fake, to: RECIPIENT, amount: 1n },
    { token, to: RECIPIENT, amount: 2n },
    { token: fake, to: RECIPIENT, amount: 3n },
  ])
  assert.deepEqual(await seen(), [{ from: payer, to: RECIPIENT, amount: 2n }])
})

test('two equal transfers of one transaction are two', async (t) => {
  const { url, token, seen, source } = await world(t)
  const payer = await deployBatchPayer(url)
  await transfer(url, { token, to: payer, amount: 100n })
  const payment = { token, to: RECIPIENT, amount: 9n }
  const tx = await payBatch(url, payer, [payment, payment])
  const moved = { from: payer, to: RECIPIENT, amount: 9n }
  assert.deepEqual(await seen(), [moved, moved])
  const block = await source.block(await headHeight(url))
  assert.deepEqual(
    block?.transfers.map(({ txHash, logIndex }) => [txHash, logIndex]),
    [
      [tx, 0],
      [tx, 1],
    ],
  )
})

test('a payment by allowance is seen although its calldata names others', async (t) => {
  const { url, token, seen } = await world(t)
  await callToken(url, { token, name: 'approve', args: [PAYER, 40n] })
  await callToken(url, {
    token,
    name: 'transferFrom',
    args: [OWNER, RECIPIENT, 40n],
    sender: 3,
  })
  assert.deepEqual(await seen(), [{ from: OWNER, to: RECIPIENT, amount: 40n }])
})

test('with the fee switched on its log comes first and the recipient gets the rest', async (t) => {
  const { url, token, seen } = await world(t)
  await transfer(url, { token, to: PAYER, amount: 1_000_000n })
  // 10 basis points, at most 50 tokens.
  await callToken(url, { token, name: 'setParams', args: [10n, 50_000_000n] })
  await transfer(url, { token, to: RECIPIENT, amount: 1_000_000n, sender: 3 })
  assert.deepEqual(await seen(), [
    { from: PAYER, to: OWNER, amount: 1_000n },
    { from: PAYER, to: RECIPIENT, amount: 999_000n },
  ])
})

test('after deprecate the old address forwards and the logs come from the new one', async (t) => {
  const { url, token, seen } = await world(t)
  const successor = await deploySuccessor(url, token)
  await callToken(url, { token: successor, name: 'issue', args: [1n] })
  await callToken(url, { token, name: 'deprecate', args: [successor] })
  await transfer(url, { token, to: RECIPIENT, amount: 6n })
  assert.equal(await balanceOf(url, token, RECIPIENT), 6n)
  assert.deepEqual(await seen(), [])
  const next = await openEvmSource(t, { urls: [url], contract: successor })
  const block = required(await next.block(await headHeight(url)), 'mined above')
  assert.deepEqual(block.transfers.map(movement), [{ from: OWNER, to: RECIPIENT, amount: 6n }])
})

test('destroyed funds leave without a transfer; a blacklisted address still receives', async (t) => {
  const { url, token, seen } = await world(t)
  await callToken(url, { token, name: 'addBlackList', args: [RECIPIENT] })
  await transfer(url, { token, to: RECIPIENT, amount: 8n })
  assert.deepEqual(await seen(), [{ from: OWNER, to: RECIPIENT, amount: 8n }])
  await callToken(url, { token, name: 'destroyBlackFunds', args: [RECIPIENT] })
  assert.equal(await balanceOf(url, token, RECIPIENT), 0n)
  assert.deepEqual(await seen(), [])
})

test('a transfer of nothing in a stranger’s name is ignored', async (t) => {
  const { url, token, seen } = await world(t)
  // Nobody allowed the payer anything; moving zero needs no allowance.
  await callToken(url, { token, name: 'transferFrom', args: [OWNER, RECIPIENT, 0n], sender: 3 })
  const logs = await callNode<unknown[]>(url, 'eth_getLogs', { address: token })
  assert.equal(logs.length, 1)
  assert.deepEqual(await seen(), [])
})

test('an amount above 2^53 arrives exactly', async (t) => {
  const { url, token, seen } = await world(t)
  const amount = 2n ** 200n + 1n
  await callToken(url, { token, name: 'issue', args: [amount] })
  await transfer(url, { token, to: RECIPIENT, amount })
  assert.deepEqual(await seen(), [{ from: OWNER, to: RECIPIENT, amount }])
})

test('logs of the pinned contract that are no ERC-20 transfers are skipped, and shown', async (t) => {
  const url = await anvilFor(t)
  const forge = await deployLogForge(url)
  const warnings: unknown[] = []
  const source = await openEvmSource(t, {
    urls: [url],
    contract: forge,
    onLog: (line) => (line['level'] === 'warn' || line['level'] === 'error') && warnings.push(line),
  })
  const from = padded(OWNER)
  const to = padded(RECIPIENT)
  const one = word('1')
  const dirty: Hex = `0xff${to.slice(4)}`
  const lookAlikes: { topics: Hex[]; data: Hex }[] = [
    { topics: [TRANSFER, from, to, one], data: '0x' }, // the shape of ERC-721
    { topics: [TRANSFER, from], data: one },
    { topics: [TRANSFER], data: `${from}${to.slice(2)}${one.slice(2)}` },
    { topics: [TRANSFER, from, to], data: '0x01' },
    { topics: [TRANSFER, from, to], data: `${one}${one.slice(2)}` },
    { topics: [TRANSFER, from, dirty], data: one },
  ]
  for (const log of lookAlikes) {
    await forgeLog(url, forge, log)
    const height = await headHeight(url)
    assert.deepEqual((await source.block(height))?.transfers, [], JSON.stringify(log))
    assert.deepEqual((await source.range(height, height)).transfers, [], JSON.stringify(log))
  }
  assert.ok(warnings.length > 0, 'a person is told')
  // The forge can also tell the truth: with the exact shape it is believed, so the others fell for their shape.
  await forgeLog(url, forge, { topics: [TRANSFER, from, to], data: one })
  const block = await source.block(await headHeight(url))
  assert.deepEqual(block?.transfers.map(movement), [{ from: OWNER, to: RECIPIENT, amount: 1n }])
})

test('a transaction that is mined again keeps its hash and changes block and log index', async (t) => {
  const { url, token, source } = await world(t)
  const tx = await transfer(url, { token, to: RECIPIENT, amount: 3n })
  const signed = await signedTransaction(url, tx)
  const before = required(await source.block(await headHeight(url)), 'mined above')
  await mine(url)
  await reorg(url, 2, [{ tx: signed, block: 1 }])
  const height = await headHeight(url)
  assert.equal(height, before.height + 1)
  assert.deepEqual((await source.block(before.height))?.transfers, [])
  const again = required(await source.block(height), 'mined above').transfers
  assert.deepEqual(
    again.map(({ txHash }) => txHash),
    [tx],
  )
  assert.notEqual(again[0]?.blockHash, before.hash)
})

test('the same contract address on another chain is refused before a block is read', async (t) => {
  const other = await anvilFor(t, { chainId: 1337 })
  const token = await deployToken(other)
  await assert.rejects(openEvmSource(t, { urls: [other], contract: token }), (error) => {
    assert.ok(error instanceof AppError)
    assert.equal(error.code, 'chain_mismatch')
    assert.match(error.message, /provider-1/)
    assert.match(error.message, /eip155:31337/)
    assert.match(error.message, /eip155:1337\b/)
    return true
  })
})

test('a provider of another chain beside a right one is never used', async (t) => {
  const wrong = await anvilFor(t, { chainId: 1337 })
  const { url, token } = await world(t)
  await mine(wrong, 9)
  const source = await openEvmSource(t, { urls: [wrong, url], contract: token })
  const head = await source.head()
  assert.equal(head.height, await headHeight(url))
  await transfer(url, { token, to: RECIPIENT, amount: 2n })
  const block = required(await source.block(await headHeight(url)), 'mined above')
  const [moved] = block.transfers
  assert.equal(
    await source.witnesses(block, { transfer: required(moved, 'moved above'), ordinal: 0 }),
    1,
  )
})

test('a provider that is behind is no witness', async (t) => {
  const { url, token } = await world(t)
  const behind = await anvilFor(t)
  const source = await openEvmSource(t, { urls: [url, behind], contract: token })
  await transfer(url, { token, to: RECIPIENT, amount: 2n })
  const block = required(await source.block(await headHeight(url)), 'mined above')
  assert.equal(
    await source.witnesses(block, {
      transfer: required(block.transfers[0], 'moved above'),
      ordinal: 0,
    }),
    1,
  )
})

test('when the first provider dies the second answers', async (t) => {
  const { url, token } = await world(t)
  const dying = await startAnvil()
  t.after(() => dying.stop())
  await mine(dying.url, 7)
  const source = await openEvmSource(t, { urls: [dying.url, url], contract: token })
  assert.equal((await source.head()).height, 7)
  await dying.stop()
  assert.equal((await source.head()).height, await headHeight(url))
})

test('a fork shows its origin’s history and its own blocks in one line', async (t) => {
  const { url, token } = await world(t)
  await transfer(url, { token, to: RECIPIENT, amount: 4n })
  const origin = await headHeight(url)
  const fork = await anvilFor(t, { forkUrl: url })
  const source = await openEvmSource(t, { urls: [fork], contract: token })
  await transfer(fork, { token, to: RECIPIENT, amount: 5n })
  const range = await source.range(origin, origin + 1)
  assert.deepEqual(
    range.transfers.map(({ amount }) => amount),
    [4n, 5n],
  )
  assert.equal(range.last.parentHash, range.first.hash)
})

async function world(t: TestContext) {
  const url = await anvilFor(t)
  const token = await deployToken(url)
  const source = await openEvmSource(t, { urls: [url], contract: token })
  return {
    url,
    token,
    source,
    /** The head's movements, read both ways; they must agree. */
    seen: async () => {
      const height = await headHeight(url)
      const block = required(await source.block(height), `${height} is mined`)
      const range = await source.range(height, height)
      assert.deepEqual(range.transfers.map(movement), block.transfers.map(movement))
      return block.transfers.map(movement)
    },
  }
}

function movement({ from, to, amount }: Transfer) {
  return { from, to, amount }
}

function account(index: number): Address {
  return required(ANVIL_ACCOUNTS[index], 'Anvil has ten accounts')
}

function padded(address: Address): Hex {
  return word(address.slice(2))
}

function word(digits: string): Hex {
  return `0x${digits.padStart(64, '0')}`
}
