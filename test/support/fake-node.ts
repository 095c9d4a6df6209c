import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { Hex } from '../../src/lib/hex.ts'

export const TRANSFER: Hex = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
export const CONTRACT: Hex = '0xdac17f958d2ee523a2206206994597c13d831ec7'

export interface Request {
  readonly id: number
  readonly method: string
  readonly params: readonly unknown[]
}

export type Answer =
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string } }

export interface FakeLog {
  readonly from: Hex
  readonly to: Hex
  readonly amount: bigint
}

interface FakeBlock {
  readonly header: Record<string, unknown>
  logs: Record<string, unknown>[]
}

/**
 * A node whose every answer a test can bend: by method (`answers`), or down to the bytes of the response (`raw`).
 * Left alone it serves a chain of its own making, correctly.
 */
export interface FakeNode {
  readonly url: string
  readonly requests: Request[]
  chainId: number
  finalized: number
  readonly blocks: FakeBlock[]
  readonly answers: Map<string, (request: Request) => Answer | undefined>
  /** Takes over the whole exchange when it returns true. */
  raw: ((body: string, response: ServerResponse) => boolean) | null
}

export async function startFakeNode(t: TestContext, blocks = 10): Promise<FakeNode> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => serve(node, Buffer.concat(chunks).toString(), response))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const node: FakeNode = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests: [],
    chainId: 31_337,
    finalized: blocks - 1,
    blocks: Array.from({ length: blocks }, (_, height) => fakeBlock(height)),
    answers: new Map(),
    raw: null,
  }
  return node
}

/** Readable hashes: the digits of the height behind a letter for the branch; zeros for the genesis' parent. */
export function hashOf(height: number, branch = 'a'): Hex {
  if (height < 0) return `0x${'0'.repeat(64)}`
  return `0x${branch.repeat(8)}${height.toString().padStart(56, '0')}`
}

export function quantity(value: number): Hex {
  return `0x${value.toString(16)}`
}

/** `bloom`: `perhaps` has every bit set, `no` none. */
export function fakeBlock(height: number, bloom: 'perhaps' | 'no' = 'perhaps', branch = 'a') {
  const header = {
    number: quantity(height),
    hash: hashOf(height, branch),
    parentHash: hashOf(height - 1, branch),
    timestamp: quantity(1_700_000_000 + height),
    logsBloom: `0x${(bloom === 'perhaps' ? 'f' : '0').repeat(512)}`,
    transactions: [],
  }
  return { header, logs: [] as Record<string, unknown>[] }
}

export function addLog(node: FakeNode, height: number, log: Partial<FakeLog> = {}): void {
  const block = node.blocks[height]
  if (block === undefined) throw new Error(`no block ${height}`)
  block.logs.push(fakeLog(height, block.logs.length, log))
}

export function fakeLog(height: number, logIndex: number, log: Partial<FakeLog> = {}) {
  const word = (hex: string): Hex => `0x${hex.padStart(64, '0')}`
  return {
    address: CONTRACT,
    topics: [
      TRANSFER,
      word((log.from ?? `0x${'11'.repeat(20)}`).slice(2)),
      word((log.to ?? `0x${'22'.repeat(20)}`).slice(2)),
    ],
    data: word((log.amount ?? 1_000_000n).toString(16)),
    blockNumber: quantity(height),
    blockHash: hashOf(height),
    transactionHash: word(`${height}${logIndex}`),
    transactionIndex: '0x0',
    logIndex: quantity(logIndex),
    removed: false,
  }
}

function serve(node: FakeNode, body: string, response: ServerResponse): void {
  if (node.raw?.(body, response) === true) return
  const parsed = JSON.parse(body) as Request | Request[]
  const answer = Array.isArray(parsed)
    ? parsed.map((request) => envelope(node, request))
    : envelope(node, parsed)
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(answer))
}

/** What the node answers to one call of a batch. */
export function envelope(node: FakeNode, request: Request): object {
  node.requests.push(request)
  const answer = node.answers.get(request.method)?.(request) ?? honestAnswer(node, request)
  return { jsonrpc: '2.0', id: request.id, ...answer }
}

function honestAnswer(node: FakeNode, { method, params }: Request): Answer {
  switch (method) {
    case 'eth_chainId':
      return { result: quantity(node.chainId) }
    case 'eth_getBlockByNumber':
      return { result: blockBy(node, String(params[0]))?.header ?? null }
    case 'eth_getLogs':
      return logsOf(node, params[0] as Record<string, string>)
    default:
      return { error: { code: -32_601, message: `the method ${method} does not exist` } }
  }
}

function blockBy(node: FakeNode, tag: string): FakeBlock | undefined {
  if (tag === 'latest') return node.blocks.at(-1)
  return node.blocks[tag === 'finalized' ? node.finalized : Number(tag)]
}

function logsOf(node: FakeNode, filter: Record<string, string>): Answer {
  if (filter['blockHash'] !== undefined) {
    const block = node.blocks.find(({ header }) => header['hash'] === filter['blockHash'])
    if (block === undefined) return { error: { code: -32_000, message: 'unknown block' } }
    return { result: block.logs }
  }
  const from = Number(filter['fromBlock'])
  const to = Number(filter['toBlock'])
  return { result: node.blocks.slice(from, to + 1).flatMap(({ logs }) => logs) }
}
