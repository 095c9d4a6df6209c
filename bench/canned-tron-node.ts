import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { required } from '../src/lib/assert.ts'
import { answerParent } from './child.ts'
import { cannedBlock, type CannedBlock, type Density } from './canned-tron-block.ts'

/**
 * A java-tron node, all APIs on one port, whose answers were serialised before anybody asks, so that what is
 * measured is the reader. It counts what it is asked. Blocks beyond its head are there and not shown yet.
 */
export interface CannedTronOptions extends Density {
  readonly blocks: number
  /** The height of its first head. */
  readonly head: number
  /** How far the solid block is behind it. */
  readonly solidLag: number
}

/** A range that was answered, and which request that was. */
export interface Served {
  readonly from: number
  readonly to: number
  readonly request: number
}

type Texts = Readonly<Record<keyof CannedBlock, Buffer>>

const options = JSON.parse(String(process.argv[2])) as CannedTronOptions
const RANGE_BLOCKS_MAX = 100
const BATCH_CALLS_MAX = 100
const NOTHING = Buffer.from('{}')
const blocks = Array.from({ length: options.blocks }, (_, height) => serialise(height))
const served: Served[] = []
let requests = 0
let { head } = options

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    requests += 1
    const question: unknown = JSON.parse(Buffer.concat(chunks).toString())
    send(
      request.url === '/jsonrpc' ? batch(question as Call[]) : ask(String(request.url), question),
      response,
    )
  })
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo

answerParent({
  url: () => `http://127.0.0.1:${port}`,
  /** The ranges it answered with what transactions did since it was last asked. */
  served: () => served.splice(0),
  /** HTTP requests since it was last asked; a batch is one. */
  requests: () => {
    const count = requests
    requests = 0
    return count
  },
  /** Shows one block more. */
  advance: () => {
    head += 1
    return head
  },
})

function serialise(height: number): Texts {
  const { header, block, infos, rpcBlock, receipts } = cannedBlock(height, options)
  return {
    header: Buffer.from(header),
    block: Buffer.from(block),
    infos: Buffer.from(infos),
    rpcBlock: Buffer.from(rpcBlock),
    receipts: Buffer.from(receipts),
  }
}

interface Question {
  readonly id_or_num?: string
  readonly num?: number
  readonly startNum?: number
  readonly endNum?: number
}

function ask(path: string, question: unknown): Buffer[] {
  const { id_or_num: which, num = 0, startNum = 0, endNum = 0 } = question as Question
  switch (path) {
    case '/wallet/getblock':
      return [shown('header', Number(which ?? head), head)]
    case '/walletsolidity/getblock': {
      const solid = Math.max(0, head - options.solidLag)
      return [shown('header', Number(which ?? solid), solid)]
    }
    case '/wallet/getblockbynum':
      return [shown('block', num, head)]
    case '/wallet/gettransactioninfobyblocknum':
      return [shown('infos', num, head)]
    case '/wallet/getblockbylimitnext':
      return range(startNum, Math.min(endNum - 1, head))
    default:
      throw new Error(`nobody asks for ${path}`)
  }
}

function shown(what: keyof CannedBlock, height: number, top: number): Buffer {
  return height > top ? NOTHING : required(blocks[height], 'what is asked for is held')[what]
}

function range(from: number, to: number): Buffer[] {
  if (to - from + 1 > RANGE_BLOCKS_MAX) return [NOTHING]
  served.push({ from, to, request: requests })
  const list = blocks.slice(from, to + 1).map(({ block }) => block)
  return [Buffer.from('{"block":['), ...list.flatMap(withComma), Buffer.from(']}')]
}

interface Call {
  readonly id: number
  readonly method: string
  readonly params: readonly [height: string]
}

/** Blocks and receipts in turn, as settled asks for them. */
function batch(calls: readonly Call[]): Buffer[] {
  if (calls.length > BATCH_CALLS_MAX) throw new Error(`a batch of ${calls.length} calls`)
  const heights = calls.map(({ params }) => Number(params[0]))
  served.push({ from: Math.min(...heights), to: Math.max(...heights), request: requests })
  const answers = calls.flatMap(({ id, method, params }, index) => {
    const what = method === 'eth_getBlockReceipts' ? 'receipts' : 'rpcBlock'
    const begin = Buffer.from(`${index === 0 ? '' : ','}{"jsonrpc":"2.0","id":${id},"result":`)
    return [begin, shown(what, Number(params[0]), head), Buffer.from('}')]
  })
  return [Buffer.from('['), ...answers, Buffer.from(']')]
}

function withComma(text: Buffer, index: number): Buffer[] {
  return index === 0 ? [text] : [Buffer.from(','), text]
}

function send(parts: readonly Buffer[], response: ServerResponse): void {
  response.setHeader(
    'content-length',
    parts.reduce((sum, part) => sum + part.length, 0),
  )
  for (const part of parts) response.write(part)
  response.end()
}
