import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import {
  FAKE_TOKEN_ADDRESS,
  ROUTER_ADDRESS,
  TOKEN_ADDRESS,
} from '../../../src/dev/tron/ledger/contracts.ts'
import type { Address } from '../../../src/domain/chain.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { answerTo, EXPECTED, readExchanges, resultText } from '../../support/tron-recording.ts'
import { ask, DEPOSIT, exchange, openTronWorld, rpc, type TronWorld } from './tron-world.ts'

const recorded = readExchanges('scenarios')

/**
 * The keys of an answer and how their values are written. Two answers of one shape can be read by one parser. Plain
 * bandwidth is free until it is used up, so what stands for it comes under either name.
 */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf)
  if (typeof value !== 'object' || value === null) return formatOf(value)
  const entries = Object.entries(value).map(([key, inner]) => [
    key === 'net_fee' || key === 'net_usage' ? 'net' : key,
    shapeOf(inner),
  ])
  return Object.fromEntries(entries.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)))
}

function formatOf(value: unknown): string {
  if (typeof value !== 'string') return value === null ? 'null' : typeof value
  if (/^0x[0-9a-f]*$/.test(value)) {
    const digits = value.length - 2
    return digits === 64 || digits === 40 || digits === 512 ? `0x and ${digits} digits` : '0x'
  }
  if (/^41[0-9a-f]{40}$/.test(value)) return 'address with 41'
  if (/^[0-9a-f]*$/.test(value)) {
    return [0, 4, 16, 40, 64, 130].includes(value.length) ? `${value.length} digits` : 'hex'
  }
  return value
}

function assertSameShape(ours: unknown, theirs: unknown): void {
  assert.deepEqual(shapeOf(ours), shapeOf(theirs))
}

type Play = (world: TronWorld) => Promise<Hex>
const MUCH = 10n ** 18n

/** What our devnet can do of what was recorded, by the recording's name of it. */
const SCENARIOS: Readonly<Record<string, Play>> = {
  'transfer ok': ({ wallet }) => wallet.transfer({ to: DEPOSIT, amount: 9n }),
  'transfer too much': ({ wallet }) => wallet.transfer({ to: DEPOSIT, amount: MUCH, sender: 1 }),
  'transfer low feeLimit': ({ wallet }) =>
    wallet.transfer({ to: DEPOSIT, amount: 9n, feeLimit: 100_000 }),
  'transfer zero': ({ wallet }) => wallet.transfer({ to: DEPOSIT, amount: 0n }),
  'approve only': ({ wallet }) => wallet.callToken({ name: 'approve', args: [DEPOSIT, 1n] }),
  'fake token transfer': ({ wallet }) =>
    wallet.transfer({ to: DEPOSIT, amount: 9n, token: FAKE_TOKEN_ADDRESS }),
  'router multi': ({ wallet }) => {
    const four = <T>(value: T): T[] => [value, value, value, value]
    return wallet.callRouter({ name: 'pay', args: [four(TOKEN_ADDRESS), four(DEPOSIT), four(1n)] })
  },
  'router swallow fail': ({ wallet }) =>
    wallet.callRouter({ name: 'tryPay', args: [TOKEN_ADDRESS, DEPOSIT, MUCH] }),
  'router swallow ok': ({ wallet }) =>
    wallet.callRouter({ name: 'tryPay', args: [TOKEN_ADDRESS, DEPOSIT, 1n] }),
  'router thenRevert': callThen('payThenRevert'),
  'router thenInvalid': callThen('payThenCrash'),
  'router thenBurn (OUT_OF_ENERGY)': callThen('payThenBurn'),
  'router thenSpin (OUT_OF_TIME?)': callThen('payThenStall'),
  'router innerRevert': callThen('undoThenPayOne'),
  issue: ({ wallet }) => wallet.callToken({ name: 'issue', args: [1n] }),
  redeem: ({ wallet }) => wallet.callToken({ name: 'redeem', args: [1n] }),
  'setParams fee': ({ wallet }) => wallet.callToken({ name: 'setParams', args: [10n, 5n] }),
  'transfer with fee': async ({ wallet }) => {
    await wallet.callToken({ name: 'setParams', args: [10n, 5n], sender: 0 })
    return wallet.transfer({ to: DEPOSIT, amount: 1_000_000n, sender: 1 })
  },
  addBlackList: ({ wallet }) => wallet.callToken({ name: 'addBlackList', args: [DEPOSIT] }),
  destroyBlackFunds: async ({ wallet }) => {
    await wallet.callToken({ name: 'addBlackList', args: [DEPOSIT] })
    return wallet.callToken({ name: 'destroyBlackFunds', args: [DEPOSIT] })
  },
  'TRX transfer to deposit': ({ wallet }) => wallet.sendTrx({ to: DEPOSIT, amount: 1 }),
}

function callThen(name: string): Play {
  return ({ wallet }) => wallet.callRouter({ name, args: [TOKEN_ADDRESS, DEPOSIT, 9n] })
}

for (const [name, play] of Object.entries(SCENARIOS)) {
  test(`"${name}" looks like the recorded one in every API`, async (t) => {
    const world = await openTronWorld(t)
    const txHash = await play(world)
    const { height } = world.devnet.mine()
    const { main } = world.devnet
    const theirs = EXPECTED.scenarios.blocks.find(({ scenario }) => scenario === name)
    assert.ok(theirs?.txid, `${name} was recorded`)
    const recordedAt = (path: string): unknown =>
      JSON.parse(answerTo(recorded, path, { num: theirs.height }).response)

    // Some scenarios prepare themselves in the same block: theirs had one transaction in each.
    const block = await ask<BlockAnswer>(main, '/wallet/getblockbynum', { num: height })
    assertSameShape(
      { ...block, transactions: block.transactions.slice(-1) },
      recordedAt('/wallet/getblockbynum'),
    )
    const infos = await ask<object[]>(main, '/wallet/gettransactioninfobyblocknum', { num: height })
    assertSameShape(infos.slice(-1), recordedAt('/wallet/gettransactioninfobyblocknum'))
    const call = { jsonrpc: '2.0', id: 1, method: 'eth_getTransactionReceipt' }
    const receipt = answerTo(recorded, '/jsonrpc', { ...call, params: [`0x${theirs.txid}`] })
    assertSameShape(
      (await rpc(main, 'eth_getTransactionReceipt', txHash)).result,
      JSON.parse(resultText(receipt.response)),
    )
  })
}

interface BlockAnswer {
  readonly transactions: readonly object[]
}

test('an empty block, a bare header and the eth view of one look like the recorded ones', async (t) => {
  const { devnet } = await openTronWorld(t)
  const { height } = devnet.mine()
  const pairs = [
    ['/wallet/getblockbynum', { num: height }, { num: 3 }],
    [
      '/wallet/getblock',
      { id_or_num: `${height}`, detail: false },
      { id_or_num: '43', detail: false },
    ],
    ['/wallet/getnowblock', {}, {}],
  ] as const
  for (const [path, ours, theirs] of pairs) {
    const { response } = answerTo(recorded, path, theirs)
    assertSameShape(await ask(devnet.main, path, ours), JSON.parse(response))
  }
  const call = {
    jsonrpc: '2.0',
    id: 1,
    method: 'eth_getBlockByNumber',
    params: ['finalized', false],
  }
  const { response } = answerTo(recorded, '/jsonrpc', call)
  assertSameShape(
    (await rpc(devnet.main, 'eth_getBlockByNumber', 'latest', false)).result,
    JSON.parse(resultText(response)),
  )
})

test('what is asked beyond the chain is answered word for word as recorded', async (t) => {
  const { devnet } = await openTronWorld(t)
  const { fullUrl } = devnet.main
  const same = [
    ['/wallet/getblockbynum', { num: 90_000_000 }],
    ['/wallet/gettransactioninfobyblocknum', { num: 90_000_000 }],
    ['/wallet/getblockbylimitnext', { startNum: 0, endNum: 101 }],
    ['/wallet/getblockbylimitnext', { startNum: 90_000_000, endNum: 90_000_010 }],
  ] as const
  for (const [path, body] of same) {
    const { status, contentType, response } = answerTo(recorded, path, body)
    assert.deepEqual(await exchange(fullUrl + path, body), { status, contentType, text: response })
  }
  for (const path of ['/wallet/gettransactioninfobyid', '/wallet/gettransactionbyid']) {
    assert.deepEqual(await ask(devnet.main, path, { value: '00'.repeat(32) }), {})
  }
  assert.deepEqual(await ask(devnet.main, '/wallet/gettransactioninfobyblocknum', { num: 1 }), [])
  assert.deepEqual(await ask(devnet.main, '/wallet/gettransactioninfobyblocknum', { num: 0 }), {})
})

test('a number that is none is an error with status 200, and a solidity path on the full node’s port is HTML', async (t) => {
  const { devnet } = await openTronWorld(t)
  const { fullUrl } = devnet.main
  const path = '/wallet/getblockbynum?num=abc'
  const response = await fetch(fullUrl + path)
  const bad = recorded.find((one) => one.path === path)
  assert.equal(response.status, bad?.status)
  assert.equal(await response.text(), bad?.response)
  const solidity = await exchange(`${fullUrl}/walletsolidity/getnowblock`, {})
  const wrong = recorded.find(
    (one) => one.port === 'fullnode' && one.path === '/walletsolidity/getnowblock',
  )
  assert.equal(solidity.status, wrong?.status)
  assert.equal(solidity.contentType, wrong?.contentType)
  assert.match(solidity.text, /HTTP ERROR 405 HTTP method POST is not supported by this URL/)
})

test('JSON-RPC refuses what real nodes refuse, in their words', async (t) => {
  const { devnet } = await openTronWorld(t)
  const refused = recorded.filter(
    ({ path, response }) => path === '/jsonrpc' && response.includes('"error"'),
  )
  assert.ok(refused.length >= 5, `${refused.length} refusals were recorded`)
  for (const { body, response, contentType } of refused) {
    const answer = await exchange(devnet.main.jsonRpcUrl, body)
    assert.equal(answer.contentType, contentType)
    assert.deepEqual(JSON.parse(answer.text), JSON.parse(response))
  }
})

test('a chain id is told with all its digits, and what is not there is not a method', async (t) => {
  const { devnet } = await openTronWorld(t)
  const { main, chainId } = devnet
  assert.match(chainId, /^0x[0-9a-f]{8}$/)
  assert.deepEqual((await rpc(main, 'eth_chainId')).result, chainId)
  assert.deepEqual((await rpc(main, 'net_version')).result, chainId)
  const genesis = await ask<{ blockID: string }>(main, '/wallet/getblockbynum', { num: 0 })
  assert.equal(genesis.blockID.slice(-8), chainId.slice(2))
  assert.equal((await rpc(main, 'eth_subscribe', 'newHeads')).error?.code, -32_601)
  const old = await devnet.openNode({ blockReceipts: false })
  assert.equal((await rpc(old, 'eth_getBlockReceipts', 'latest')).error?.code, -32_601)
})

test('a batch is answered call by call, each under its own id', async (t) => {
  const { devnet } = await openTronWorld(t)
  const batch = [
    { jsonrpc: '2.0', id: 7, method: 'eth_blockNumber', params: [] },
    { jsonrpc: '2.0', id: 'x', method: 'eth_subscribe', params: [] },
  ]
  const answers = JSON.parse((await exchange(devnet.main.jsonRpcUrl, batch)).text) as RpcEnvelope[]
  assert.deepEqual(
    answers.map(({ id, result }) => [id, result]),
    [
      [7, '0x1'],
      ['x', undefined],
    ],
  )
})

interface RpcEnvelope {
  readonly id: unknown
  readonly result?: unknown
}

async function paidTwice(t: TestContext): Promise<TronWorld & { readonly height: number }> {
  const world = await openTronWorld(t)
  await world.wallet.transfer({ to: DEPOSIT, amount: 1n })
  const args = [[TOKEN_ADDRESS], [DEPOSIT], [2n]]
  await world.wallet.callRouter({ name: 'pay', args })
  const { height } = world.devnet.mine()
  return { ...world, height }
}

interface EthLog {
  readonly address: Address
  readonly logIndex: Hex
  readonly transactionIndex: Hex
  readonly blockHash: Hex
}

test('logs are counted through the block, and receipts show the same ones', async (t) => {
  const { devnet, height } = await paidTwice(t)
  const { hash } = devnet.block(height)
  const logs = (await rpc(devnet.main, 'eth_getLogs', { blockHash: hash })).result as EthLog[]
  assert.deepEqual(
    logs.map(({ address, logIndex, transactionIndex }) => [address, logIndex, transactionIndex]),
    [
      [TOKEN_ADDRESS, '0x0', '0x0'],
      [TOKEN_ADDRESS, '0x1', '0x1'],
      [ROUTER_ADDRESS, '0x2', '0x1'],
    ],
  )
  const receipts = (await rpc(devnet.main, 'eth_getBlockReceipts', hash)).result as {
    logs: EthLog[]
  }[]
  assert.deepEqual(
    receipts.flatMap((receipt) => receipt.logs),
    logs,
  )
  assert.deepEqual((await rpc(devnet.main, 'eth_getBlockReceipts', '0x0')).result, null)
})

test('logs are filtered by address and topics; an end beyond the head is cut off without a word', async (t) => {
  const { devnet, height } = await paidTwice(t)
  const find = async (filter: object): Promise<number> => {
    const answer = await rpc(devnet.main, 'eth_getLogs', filter)
    return (answer.result as object[]).length
  }
  const range = { fromBlock: '0x0', toBlock: '0xff' }
  const to = `0x${DEPOSIT.slice(2).padStart(64, '0')}`
  assert.equal(await find(range), 3)
  assert.equal(await find({ ...range, address: [ROUTER_ADDRESS, DEPOSIT] }), 1)
  assert.equal(await find({ ...range, topics: [null, null, to] }), 2)
  assert.equal(await find({ ...range, topics: [null, [to]] }), 0)
  assert.equal(await find({ fromBlock: `0x${height.toString(16)}`, toBlock: 'latest' }), 3)
  assert.equal(await find({ fromBlock: '0x50', toBlock: '0x60' }), 0)
  const wide = { fromBlock: '0x0', toBlock: '0x1389' }
  assert.deepEqual((await rpc(devnet.main, 'eth_getLogs', wide)).error, {
    code: -32_602,
    message: 'exceed max block range: 5000',
    data: '{}',
  })
})

test('a range is half-open, ends with the chain, and the newest ones are counted from the head', async (t) => {
  const { devnet } = await openTronWorld(t)
  devnet.mine(9)
  const heights = async (path: string, body: object): Promise<(number | undefined)[]> => {
    const { block } = await ask<{ block: Numbered[] }>(devnet.main, path, body)
    return block.map(({ block_header }) => block_header.raw_data.number)
  }
  const range = '/wallet/getblockbylimitnext'
  assert.deepEqual(await heights(range, { startNum: 3, endNum: 5 }), [3, 4])
  assert.deepEqual(await heights(range, { startNum: 8, endNum: 80 }), [8, 9, 10])
  assert.deepEqual(await heights('/wallet/getblockbylatestnum', { num: 2 }), [9, 10])
  assert.deepEqual(await ask(devnet.main, '/wallet/getblockbylatestnum', { num: 100 }), {})
})

interface Numbered {
  readonly block_header: { readonly raw_data: { readonly number?: number } }
}

test('node info tells head and solid block of one node, and that it is a devnet', async (t) => {
  const { devnet } = await openTronWorld(t)
  devnet.mine(9)
  const info = await ask<{ block: string; solidityBlock: string; configNodeInfo: object }>(
    devnet.main,
    '/wallet/getnodeinfo',
  )
  assert.equal(info.block, `Num:10,ID:${devnet.block(10).hash.slice(2)}`)
  assert.equal(info.solidityBlock, `Num:8,ID:${devnet.block(8).hash.slice(2)}`)
  assert.match(JSON.stringify(info.configNodeInfo), /devnet/)
})
