import { Agent } from 'undici'
import { TRANSFER_TOPIC } from '../src/source/movement.ts'
import type { Db } from '../src/store/database.ts'
import type { By } from './canned-tron.ts'
import { insertMatches, KNOWN, type BareMatch, type Range } from './following.ts'
import { TRON_RAIL } from './postgres.ts'

const TOPIC = TRANSFER_TOPIC.slice(2)
const TOKEN = TRON_RAIL.rail.contract.slice(2)
const agent = new Agent({ pipelining: 1 })

export interface BareQuestion {
  readonly url: string
  readonly by: By
  readonly ranges: readonly Range[]
}

/**
 * What remains when everything is taken for granted: fetch, parse, keep the matches, insert them. The portions are
 * those in which settled asked. Says how many blocks it has read.
 */
export async function readBare(db: Db, { url, by, ranges }: BareQuestion): Promise<number> {
  const read = by === 'infos' ? readByInfos : readByReceipts
  let blocks = 0
  for (const range of ranges) {
    await insertMatches(db, await read(url, range))
    blocks += range.to - range.from + 1
  }
  return blocks
}

interface BareBlock {
  readonly blockID: string
  readonly block_header: { readonly raw_data: { readonly timestamp: number } }
}

interface BareInfo {
  readonly id: string
  readonly blockNumber: number
  readonly receipt: { readonly result?: string }
  readonly log?: readonly BareLog[]
}

interface BareLog {
  readonly address: string
  readonly topics: readonly [string, string, string]
  readonly data: string
}

async function readByInfos(url: string, { from, to }: Range): Promise<BareMatch[]> {
  const question = { startNum: from, endNum: to + 1 }
  const { block: blocks } = await post<{ block: BareBlock[] }>(
    `${url}/wallet/getblockbylimitnext`,
    question,
  )
  const lists = await Promise.all(
    blocks.map((_, index) =>
      post<BareInfo[]>(`${url}/wallet/gettransactioninfobyblocknum`, { num: from + index }),
    ),
  )
  return blocks.flatMap(({ blockID, block_header: header }, index) =>
    (lists[index] ?? [])
      .filter(({ receipt }) => receipt.result === 'SUCCESS')
      .flatMap(({ id, blockNumber: height, log: logs = [] }) =>
        logs.filter(isTransfer).map((log, logIndex) => ({
          txHash: `0x${id}`,
          logIndex,
          height,
          blockHash: `0x${blockID}`,
          timeSeconds: header.raw_data.timestamp / 1_000,
          from: `0x${log.topics[1].slice(24)}`,
          to: `0x${log.topics[2].slice(24)}`,
          amount: BigInt(`0x${log.data}`),
        })),
      )
      .filter(({ to: recipient }) => KNOWN.has(recipient)),
  )
}

function isTransfer({ address, topics }: BareLog): boolean {
  return address === TOKEN && topics[0] === TOPIC
}

interface BareReceipt {
  readonly transactionHash: string
  readonly blockHash: string
  readonly blockNumber: string
  readonly status: string
  readonly logs: readonly BareLog[]
}

interface BareBlockAnswer {
  readonly result: { readonly timestamp: string }
}

interface BareReceiptsAnswer {
  readonly result: readonly BareReceipt[]
}

async function readByReceipts(url: string, { from, to }: Range): Promise<BareMatch[]> {
  const heights = Array.from({ length: to - from + 1 }, (_, index) => from + index)
  const calls = heights.flatMap((height) => {
    const number = `0x${height.toString(16)}`
    return [call('eth_getBlockByNumber', [number, false]), call('eth_getBlockReceipts', [number])]
  })
  const answers = await post<unknown[]>(`${url}/jsonrpc`, calls)
  return heights.flatMap((_, index) => {
    const [block, receipts] = answers.slice(2 * index, 2 * index + 2) as [
      BareBlockAnswer,
      BareReceiptsAnswer,
    ]
    const timeSeconds = Number(block.result.timestamp)
    return receipts.result
      .filter(({ status }) => status === '0x1')
      .flatMap((receipt) => matchesOf(receipt, timeSeconds))
  })
}

function call(method: string, params: readonly unknown[]) {
  return { jsonrpc: '2.0', id: 1, method, params }
}

function matchesOf(receipt: BareReceipt, timeSeconds: number): BareMatch[] {
  const { transactionHash: txHash, blockHash, blockNumber, logs } = receipt
  return logs
    .filter(({ address, topics }) => address.endsWith(TOKEN) && topics[0] === TRANSFER_TOPIC)
    .map(({ topics, data }, logIndex) => ({
      txHash,
      logIndex,
      height: Number(blockNumber),
      blockHash,
      timeSeconds,
      from: `0x${topics[1].slice(26)}`,
      to: `0x${topics[2].slice(26)}`,
      amount: BigInt(data),
    }))
    .filter(({ to }) => KNOWN.has(to))
}

async function post<Answer>(url: string, question: unknown): Promise<Answer> {
  const { origin, pathname: path } = new URL(url)
  const { body } = await agent.request({
    origin,
    path,
    method: 'POST',
    body: JSON.stringify(question),
  })
  return (await body.json()) as Answer
}
