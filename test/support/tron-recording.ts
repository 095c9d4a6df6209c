import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Address } from '../../src/domain/chain.ts'
import { required } from '../../src/lib/assert.ts'
import type { Hex } from '../../src/lib/hex.ts'

/** What real java-tron nodes answered; `test/fixtures/tron/README.md` says where it is from. */
const FIXTURES = path.join(import.meta.dirname, '..', 'fixtures', 'tron')

/** One question and the exact text of its answer. */
export interface Exchange {
  readonly port: 'fullnode' | 'solidity' | 'jsonrpc' | 'jsonrpc-solidity'
  readonly path: string
  readonly body: Readonly<Record<string, unknown>> | null
  readonly status: number
  readonly contentType: string
  readonly response: string
}

/** A height as a node tells it: response texts, or parts of them. Absent is what was not recorded. */
export interface TronBlockTexts {
  /** Of `getblockbynum`. */
  readonly block?: string
  /** Of `gettransactioninfobyblocknum`. */
  readonly infos?: string
  /** The `result` of `eth_getBlockByNumber`, without the transactions themselves. */
  readonly ethBlock?: string
  /** The `result` of `eth_getBlockReceipts`. */
  readonly receipts?: string
}

/** All that a node knows at one moment. Above `head` it has nothing, and its solid view nothing above `solid`. */
export interface TronView {
  readonly head: number
  readonly solid: number
  readonly blocks: ReadonlyMap<number, TronBlockTexts>
}

export interface ExpectedTransfer {
  readonly from: Address
  readonly to: Address
  readonly amount: string
  readonly order: number
}

export interface ExpectedBlock {
  readonly height: number
  readonly blockID: string
  readonly txid: string | null
  readonly transfers: readonly ExpectedTransfer[]
}

export interface ScenarioBlock extends ExpectedBlock {
  readonly scenario: string
  readonly why: string
}

interface ExpectedScenarios {
  readonly token: Address
  readonly fake: Address
  readonly owner: Address
  readonly router: Address
  readonly deposit: readonly Address[]
  readonly blocks: readonly ScenarioBlock[]
}

interface Expected {
  readonly scenarios: ExpectedScenarios
  readonly receipts: ExpectedScenarios
  readonly switch: {
    readonly token: Address
    readonly before: readonly ExpectedBlock[]
    readonly after: readonly ExpectedBlock[]
  }
  readonly phantom: {
    readonly token: Address
    readonly first: number
    readonly last: number
    /** Heights at which one of the nodes serves a log of a transaction that failed. */
    readonly phantoms: readonly number[]
  }
}

export const EXPECTED = JSON.parse(
  readFileSync(path.join(FIXTURES, 'expected.json'), 'utf8'),
) as Expected

/** Read once: half a megabyte for every node of every test would be most of their time. */
const read = new Map<string, readonly Exchange[]>()

export function readExchanges(name: string): readonly Exchange[] {
  const exchanges = read.get(name) ?? (readLines(name) as Exchange[])
  read.set(name, exchanges)
  return exchanges
}

export function readLines(name: string): unknown[] {
  const text = readFileSync(path.join(FIXTURES, `${name}.ndjson`), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
}

/** The `result` of a JSON-RPC answer, as text and not parsed. */
export function resultText(response: string): string {
  const [, result] = /^\{"jsonrpc":"2\.0","id":1,"result":(.*)\}\n?$/s.exec(response) ?? []
  return required(result, `no result: ${response.slice(0, 80)}`)
}

/** The one recorded answer to a question. */
export function answerTo(
  exchanges: readonly Exchange[],
  asked: string,
  body: object = {},
): Exchange {
  const wanted = JSON.stringify(body)
  const found = exchanges.find(
    (one) => one.path === asked && JSON.stringify(one.body ?? {}) === wanted,
  )
  return required(found, `${asked} ${wanted} was recorded`)
}

/** Blocks 43 to 75 of the scenarios, with receipts; and the genesis block. */
export function scenarioView(head = 75): TronView {
  const exchanges = readExchanges('scenarios')
  const blocks = blockTexts(exchanges)
  const receipts = calls(exchanges, 'eth_getTransactionReceipt')
  for (const [height, texts] of blocks) {
    const ofBlock = receipts.filter(([, text]) => text.includes(`"blockNumber":"${hex(height)}"`))
    // This build answers for one transaction at a time; the list is what a newer one makes of the same receipts.
    if (ofBlock.length > 0) {
      blocks.set(height, { ...texts, receipts: `[${ofBlock.map(([, text]) => text).join(',')}]` })
    }
  }
  // One producer: what is solid follows at a distance of two, as it was when the heads were recorded.
  return { head, solid: head - 2, blocks }
}

/** Blocks 15 to 48 from a build that answers `eth_getBlockReceipts`; of that network nothing else was recorded. */
export function receiptsView(): TronView {
  const exchanges = readExchanges('receipts')
  const blocks = blockTexts(exchanges)
  blocks.set(0, genesis())
  return { head: 48, solid: 48, blocks }
}

/** Nodes A and B of the transactions that ran out of time. */
export function phantomView(node: 'a' | 'b'): TronView {
  const exchanges = readExchanges(`phantom-${node}`)
  const blocks = blockTexts(exchanges)
  for (const [, text] of calls(exchanges, 'eth_getTransactionReceipt')) {
    const height = Number((JSON.parse(text) as { blockNumber: Hex }).blockNumber)
    const { block = '' } = blocks.get(height) ?? {}
    const ethBlock = rpcHeaderOf(block)
    blocks.set(height, { ...blocks.get(height), ethBlock, receipts: `[${text}]` })
  }
  blocks.set(0, genesis())
  return { head: EXPECTED.phantom.last, solid: EXPECTED.phantom.last, blocks }
}

/** Of the phantoms' network no headers were recorded over JSON-RPC: the same facts in its words. */
function rpcHeaderOf(block: string): string {
  const { blockID, block_header: header, transactions } = JSON.parse(block) as RecordedBlock
  const { number, parentHash, timestamp, txTrieRoot } = header.raw_data
  return JSON.stringify({
    number: hex(number),
    hash: `0x${blockID}`,
    parentHash: `0x${parentHash}`,
    timestamp: hex(timestamp / 1_000),
    transactionsRoot: `0x${txTrieRoot}`,
    transactions: transactions.map(({ txID }) => `0x${txID}`),
  })
}

interface RecordedBlock {
  readonly blockID: string
  readonly block_header: {
    readonly raw_data: {
      readonly number: number
      readonly parentHash: string
      readonly timestamp: number
      readonly txTrieRoot: string
    }
  }
  readonly transactions: readonly { readonly txID: string }[]
}

/** The texts of every height that was asked for. */
export function blockTexts(exchanges: readonly Exchange[]): Map<number, TronBlockTexts> {
  const blocks = new Map<number, TronBlockTexts>()
  const add = (height: number, texts: TronBlockTexts): void => {
    blocks.set(height, { ...blocks.get(height), ...texts })
  }
  for (const { path: asked, body, response } of exchanges) {
    const num = Number(body?.['num'])
    // What was not there, far beyond the head, is no block.
    if (response === '{}\n' || num > 1_000_000) continue
    if (asked === '/wallet/getblockbynum' && body !== null) add(num, { block: response })
    if (asked === '/wallet/gettransactioninfobyblocknum') add(num, { infos: response })
  }
  for (const [height, text] of calls(exchanges, 'eth_getBlockByNumber')) {
    if (height.startsWith('0x') && text !== 'null') add(Number(height), { ethBlock: text })
  }
  for (const [height, text] of calls(exchanges, 'eth_getBlockReceipts')) {
    if (/^0x.{1,6}$/.test(height) && text !== 'null') add(Number(height), { receipts: text })
  }
  return blocks
}

/** First parameter and result of every call of a method that had a result. */
function calls(exchanges: readonly Exchange[], method: string): [string, string][] {
  return exchanges
    .filter(({ body, response }) => body?.['method'] === method && response.includes('"result":'))
    .map(({ body, response }) => {
      const [param] = (body?.['params'] ?? []) as unknown[]
      return [String(param), resultText(response)]
    })
}

/** The genesis of the scenarios' network stands in where none was recorded: it only tells which chain it is. */
export function genesis(): TronBlockTexts {
  const answer = answerTo(readExchanges('scenarios'), '/wallet/getblockbynum', { num: 0 })
  return { block: answer.response }
}

export function hex(height: number): Hex {
  return `0x${height.toString(16)}`
}
