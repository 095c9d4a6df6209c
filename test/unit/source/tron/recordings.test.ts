import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Hex } from '../../../../src/lib/hex.ts'
import { headerOf, rangeOf } from '../../../support/tron-node.ts'
import {
  answerTo,
  EXPECTED,
  readExchanges,
  resultText,
  scenarioView,
  type Exchange,
  type ExpectedBlock,
} from '../../../support/tron-recording.ts'

/** The recordings and what is expected of them, without a line of the code that will read them. */

const TRANSFER = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'

interface RawLog {
  readonly address: Hex
  readonly topics: readonly Hex[]
  readonly data: Hex
  readonly blockHash: Hex
  readonly blockNumber: Hex
  readonly transactionHash: Hex
}

interface RawReceipt {
  readonly status: Hex
  readonly logs: readonly RawLog[]
}

for (const name of ['scenarios', 'receipts'] as const) {
  const { token, blocks } = EXPECTED[name]

  test(`${name}: the node's logs are the expected transfers`, () => {
    const logs = allLogs(readExchanges(name))
    assert.deepEqual(movements(logs, token), expectedMovements(blocks))
  })

  test(`${name}: so are the logs of the receipts with status 1`, () => {
    const logs = receiptsOf(readExchanges(name)).flatMap((one) =>
      one.status === '0x1' ? one.logs : [],
    )
    assert.deepEqual(movements(logs, token), expectedMovements(blocks))
  })
}

for (const [name, branch] of [
  ['switch-before', EXPECTED.switch.before],
  ['switch-settled', EXPECTED.switch.after],
] as const) {
  test(`${name}: the node's logs are the expected transfers`, () => {
    const logs = allLogs(readExchanges(name))
    assert.deepEqual(movements(logs, EXPECTED.switch.token), expectedMovements(branch))
  })
}

test('phantoms: one node serves logs of eight failed transactions, the other none', () => {
  const { token, phantoms } = EXPECTED.phantom
  const [a, b] = [readExchanges('phantom-a'), readExchanges('phantom-b')]
  const heights = (logs: readonly RawLog[]) =>
    logs.map(({ blockNumber }) => Number(blockNumber)).toSorted((one, other) => one - other)
  assert.deepEqual(heights(allLogs(b).filter(({ address }) => address === token)), phantoms)
  assert.deepEqual(allLogs(a), [])
  for (const { status } of [...receiptsOf(a), ...receiptsOf(b)]) assert.equal(status, '0x0')
})

test('a header made from a block is the header that was recorded', () => {
  const exchanges = readExchanges('scenarios')
  const recorded = answerTo(exchanges, '/wallet/getblock', { id_or_num: '43', detail: false })
  assert.equal(headerOf(scenarioView().blocks.get(43)?.block), recorded.response)
})

test('a range made from blocks is the range that was recorded', () => {
  const exchanges = readExchanges('scenarios')
  const range = '/wallet/getblockbylimitnext'
  for (const [startNum, endNum] of [
    [43, 76],
    [0, 101],
    [90_000_000, 90_000_010],
  ] as const) {
    const recorded = answerTo(exchanges, range, { startNum, endNum })
    assert.equal(rangeOf(scenarioView(), startNum, endNum), recorded.response)
  }
})

function movements(logs: readonly RawLog[], token: string): string[] {
  return logs
    .filter(({ address, topics }) => address === token && topics[0] === TRANSFER)
    .filter(({ data }) => BigInt(data) > 0n)
    .map(({ blockHash, transactionHash, topics: [, from, to], data }) =>
      [blockHash, transactionHash, bare(from), bare(to), BigInt(data)].join(' '),
    )
}

/** The last twenty bytes of a topic. */
function bare(topic: Hex | undefined): string {
  return `0x${topic?.slice(26)}`
}

function expectedMovements(blocks: readonly ExpectedBlock[]): string[] {
  return blocks.flatMap(({ blockID, txid, transfers }) =>
    transfers.map(({ from, to, amount }) =>
      [`0x${blockID}`, `0x${txid}`, from, to, amount].join(' '),
    ),
  )
}

function results(exchanges: readonly Exchange[], method: string): unknown[] {
  return exchanges
    .filter(({ body, response }) => body?.['method'] === method && response.includes('"result":'))
    .map(({ response }) => JSON.parse(resultText(response)) as unknown)
}

/** What `eth_getLogs` answered where it was asked for everything: once for all blocks, for phantoms block by block. */
function allLogs(exchanges: readonly Exchange[]): RawLog[] {
  const unfiltered = exchanges.filter(({ body }) => {
    const [filter] = (body?.['params'] ?? []) as object[]
    return typeof filter === 'object' && !('address' in filter) && !('topics' in filter)
  })
  return results(unfiltered, 'eth_getLogs').flat() as RawLog[]
}

function receiptsOf(exchanges: readonly Exchange[]): RawReceipt[] {
  const single = results(exchanges, 'eth_getTransactionReceipt') as RawReceipt[]
  const byHeight = exchanges.filter(({ body }) => {
    const [height] = (body?.['params'] ?? []) as unknown[]
    return typeof height === 'string' && height.startsWith('0x')
  })
  const blocks = results(byHeight, 'eth_getBlockReceipts') as (RawReceipt[] | null)[]
  return [...single, ...blocks.flatMap((receipts) => receipts ?? [])]
}
