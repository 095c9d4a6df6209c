import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TOKEN_ADDRESS } from '../src/dev/token/token.ts'
import { required } from '../src/lib/assert.ts'
import {
  AMOUNT,
  blockHash,
  MATCH_EVERY,
  REGISTERED,
  registeredAddress,
  strangerAddress,
  transactionHash,
} from './canned-chain.ts'
import { answerParent } from './child.ts'

/**
 * A JSON-RPC node whose logs were serialised before anybody asks: it answers with a slice of one buffer, so that
 * what is measured is the reader. It refuses what Reth refuses by default, more than 20,000 logs in one answer.
 */
const LOGS_MAX = 20_000
const STRANGERS = 50_000
const START_SECONDS = 1_700_000_000
const TRANSFER = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
/** Every bit set: the block may hold any log. */
const BLOOM = `0x${'f'.repeat(512)}`

const logsPerBlock = Number(process.argv[2])
const blocks = Number(process.argv[3])
const { bytes, offsets } = serialise()
const heightOf = new Map(Array.from({ length: blocks }, (_, height) => [blockHash(height), height]))
const served: { readonly from: number; readonly to: number }[] = []

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => answer(Buffer.concat(chunks).toString(), response))
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo

answerParent({
  url: () => `http://127.0.0.1:${port}/`,
  /** The ranges it answered with logs since it was last asked. */
  served: () => served.splice(0),
})

interface Call {
  readonly id: number
  readonly method: string
  readonly params: readonly unknown[]
}

function answer(body: string, response: ServerResponse): void {
  const question = JSON.parse(body) as Call | Call[]
  const parts = Array.isArray(question) ? answerBatch(question) : answerCall(question)
  response.setHeader(
    'content-length',
    parts.reduce((sum, part) => sum + part.length, 0),
  )
  for (const part of parts) response.write(part)
  response.end()
}

function answerBatch(calls: readonly Call[]): Buffer[] {
  const answers = calls.flatMap((call, index) => [
    Buffer.from(index === 0 ? '[' : ','),
    ...answerCall(call),
  ])
  return [...answers, Buffer.from(']')]
}

function answerCall(call: Call): Buffer[] {
  if (call.method === 'eth_getLogs') return answerLogs(call)
  const { id, method, params } = call
  const result = method === 'eth_chainId' ? '0x7a69' : header(heightAsked(params[0]))
  return [Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, result }))]
}

function heightAsked(block: unknown): number {
  return typeof block === 'string' && block.startsWith('0x') ? Number(block) : blocks - 1
}

function answerLogs({ id, params }: Call): Buffer[] {
  const [from, to] = rangeAsked(params[0] as Record<string, string>)
  if ((to - from + 1) * logsPerBlock > LOGS_MAX && to > from) {
    const message = `query exceeds max results ${LOGS_MAX}, retry with the range ${from}-${from}`
    return [Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32_602, message } }))]
  }
  served.push({ from, to })
  const start = required(offsets[from], 'a height of the chain')
  // Each block ends with a comma; the last one's is left out.
  const logs = bytes.subarray(start, required(offsets[to + 1], 'a height of the chain') - 1)
  return [Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":[`), logs, Buffer.from(']}')]
}

function rangeAsked(filter: Record<string, string>): [number, number] {
  const { fromBlock, toBlock, blockHash: hash } = filter
  if (hash === undefined) return [Number(fromBlock), Number(toBlock)]
  const height = required(heightOf.get(hash as `0x${string}`), 'a block of the chain')
  return [height, height]
}

function header(height: number) {
  return {
    number: quantity(height),
    hash: blockHash(height),
    parentHash: blockHash(height - 1),
    timestamp: quantity(START_SECONDS + height * 12),
    logsBloom: BLOOM,
  }
}

function serialise(): { bytes: Buffer; offsets: number[] } {
  const parts: Buffer[] = []
  const starts = [0]
  for (let height = 0; height < blocks; height += 1) {
    const logs = Array.from({ length: logsPerBlock }, (_, index) => log(height, index))
    const part = Buffer.from(`${logs.join(',')},`)
    parts.push(part)
    starts.push(required(starts.at(-1), 'there is a first offset') + part.length)
  }
  return { bytes: Buffer.concat(parts), offsets: starts }
}

function log(height: number, index: number): string {
  const n = height * logsPerBlock + index
  const to =
    n % MATCH_EVERY === 0
      ? registeredAddress((n / MATCH_EVERY) % REGISTERED)
      : strangerAddress(n % STRANGERS)
  return JSON.stringify({
    address: TOKEN_ADDRESS,
    topics: [TRANSFER, topic(strangerAddress((n * 7) % STRANGERS)), topic(to)],
    data: `0x${AMOUNT.toString(16).padStart(64, '0')}`,
    blockHash: blockHash(height),
    blockNumber: quantity(height),
    blockTimestamp: quantity(START_SECONDS + height * 12),
    transactionHash: transactionHash(n),
    transactionIndex: quantity(index),
    logIndex: quantity(index),
    removed: false,
  })
}

function topic(address: string): string {
  return `0x${'0'.repeat(24)}${address.slice(2)}`
}

function quantity(value: number): string {
  return `0x${value.toString(16)}`
}
