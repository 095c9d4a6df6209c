import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import {
  answerTo,
  readExchanges,
  type Exchange,
  type TronBlockTexts,
  type TronView,
} from './tron-recording.ts'

export interface TronRequest {
  readonly port: Exchange['port']
  /** The path; for JSON-RPC the method of the call. */
  readonly what: string
  readonly body: Readonly<Record<string, unknown>>
  readonly headers: IncomingHttpHeaders
}

export interface TronAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What a test makes of an answer; undefined leaves it as it is. */
export type Bend = (honest: TronAnswer, request: TronRequest) => TronAnswer | string | undefined

/**
 * A java-tron node made of recorded answers: a full node, its solid view and its JSON-RPC on ports of their own.
 * What it knows (`view`) can be replaced at any moment, and any answer can be bent.
 */
export interface TronNode {
  readonly url: string
  readonly solidityUrl: string
  readonly jsonrpcUrl: string
  /** Every question, the calls of a batch one by one. */
  readonly requests: TronRequest[]
  /** HTTP exchanges, in which a whole batch is one. */
  exchanges: number
  view: TronView
  /** By path, or by the name of a JSON-RPC method. */
  readonly bends: Map<string, Bend>
  /** Whether it knows `eth_getBlockReceipts`, which is younger than many nodes. */
  knowsReceipts: boolean
}

const NOTHING = '{}\n'
const RANGE_BLOCKS_MAX = 100

/** Ends with the test. */
export async function startTronNode(t: TestContext, view: TronView): Promise<TronNode> {
  const listen = (port: Exchange['port']): Promise<string> => startPort(t, port, () => node)
  const [url, solidityUrl, jsonrpcUrl] = await Promise.all([
    listen('fullnode'),
    listen('solidity'),
    listen('jsonrpc'),
  ])
  const state = { requests: [], exchanges: 0, view, bends: new Map(), knowsReceipts: true }
  const node: TronNode = { url, solidityUrl, jsonrpcUrl, ...state }
  return node
}

async function startPort(
  t: TestContext,
  port: Exchange['port'],
  node: () => TronNode,
): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      node().exchanges += 1
      const text = Buffer.concat(chunks).toString()
      const ask = (what: string, body: unknown): TronRequest => {
        const asked = { port, what, body: body as TronRequest['body'], headers: request.headers }
        node().requests.push(asked)
        return asked
      }
      const serve = port === 'jsonrpc' ? serveRpc : serveHttp
      send(serve(node(), request.url ?? '', text, ask), response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}${port === 'jsonrpc' ? '/jsonrpc' : ''}`
}

type Ask = (what: string, body: unknown) => TronRequest

function serveHttp(node: TronNode, path: string, text: string, ask: Ask): TronAnswer {
  const request = ask(path, JSON.parse(text))
  return bent(node, request, honestHttp(node, request))
}

function serveRpc(node: TronNode, _path: string, text: string, ask: Ask): TronAnswer {
  const parsed = JSON.parse(text) as Record<string, unknown> | Record<string, unknown>[]
  const answers = [parsed].flat().map((call) => {
    const request = ask(String(call['method']), call)
    return bent(node, request, rpcAnswer(honestRpc(node, request)))
  })
  const [first] = answers
  const failed = answers.find(({ status }) => status !== 200)
  if (failed !== undefined || !Array.isArray(parsed)) return failed ?? first ?? rpcAnswer('')
  return rpcAnswer(`[${answers.map(({ body }) => body.trim()).join(',')}]\n`)
}

function bent(node: TronNode, request: TronRequest, honest: TronAnswer): TronAnswer {
  const answer = node.bends.get(request.what)?.(honest, request)
  return typeof answer === 'string' ? { ...honest, body: answer } : (answer ?? honest)
}

function send({ status, headers, body }: TronAnswer, response: ServerResponse): void {
  response.writeHead(status, headers).end(body)
}

function jsonAnswer(body: string): TronAnswer {
  return { status: 200, headers: { 'content-type': 'application/json;charset=utf-8' }, body }
}

function rpcAnswer(body: string): TronAnswer {
  return { status: 200, headers: { 'content-type': 'application/json-rpc' }, body }
}

function honestHttp(node: TronNode, { port, what, body }: TronRequest): TronAnswer {
  const { view } = node
  const top = port === 'solidity' ? view.solid : view.head
  const root = port === 'solidity' ? '/walletsolidity' : '/wallet'
  switch (what) {
    case `${root}/getblock`:
      return jsonAnswer(headerOf(textsAt(view, top, numberIn(body['id_or_num'] ?? top)).block))
    case `${root}/getblockbynum`:
      return jsonAnswer(textsAt(view, top, numberIn(body['num'])).block ?? NOTHING)
    case `${root}/gettransactioninfobyblocknum`:
      return jsonAnswer(infosAt(view, top, numberIn(body['num'])))
    case '/wallet/getblockbylimitnext':
      return jsonAnswer(rangeOf(view, numberIn(body['startNum']), numberIn(body['endNum'])))
    default:
      return notHere()
  }
}

/** The page that a full node's port gives for paths of the solidity port. */
function notHere(): TronAnswer {
  const page = readExchanges('scenarios').find(({ status }) => status === 405)
  if (page === undefined) throw new Error('no page with status 405 was recorded')
  return { status: 405, headers: { 'content-type': page.contentType }, body: page.response }
}

function textsAt(view: TronView, top: number, height: number): TronBlockTexts {
  return (height <= top ? view.blocks.get(height) : undefined) ?? {}
}

/** A list that was not recorded is an empty block's. Of block 0 a node says `{}` whoever asks. */
function infosAt(view: TronView, top: number, height: number): string {
  return height <= 0 ? NOTHING : (textsAt(view, top, height).infos ?? '[]\n')
}

/**
 * `getblock` with `detail: false`. Where it was recorded it is the block's own text up to its transactions, which
 * stand last; `recordings.test.ts` compares the two.
 */
export function headerOf(block: string | undefined): string {
  if (block === undefined) return NOTHING
  const end = block.indexOf(',"transactions":[')
  return end === -1 ? block : `${block.slice(0, end)}}\n`
}

/** Half-open, silently shorter at the head, and `{}` where it is too wide; again as it was recorded. */
export function rangeOf(view: TronView, start: number, end: number): string {
  if (end - start > RANGE_BLOCKS_MAX || end <= start) return NOTHING
  const blocks: string[] = []
  for (let height = start; height < end; height += 1) {
    const { block } = textsAt(view, view.head, height)
    if (block !== undefined) blocks.push(block.trimEnd())
  }
  return `{"block":[${blocks.join(',')}]}\n`
}

function honestRpc(node: TronNode, { what, body }: TronRequest): string {
  const { view } = node
  const [param] = body['params'] as unknown[]
  const height = param === 'latest' ? view.head : numberIn(param)
  const id = JSON.stringify(body['id'])
  const result = (text: string): string => `{"jsonrpc":"2.0","id":${id},"result":${text}}\n`
  switch (what) {
    case 'eth_chainId':
      return withId(answerTo(readExchanges('scenarios'), '/jsonrpc', { ...body, id: 1 }), id)
    case 'eth_getBlockByNumber':
      return result(textsAt(view, view.head, height).ethBlock ?? 'null')
    case 'eth_getBlockReceipts':
      return node.knowsReceipts
        ? result(textsAt(view, view.head, height).receipts ?? 'null')
        : unknownMethod(what, id)
    default:
      return unknownMethod(what, id)
  }
}

function unknownMethod(method: string, id: string): string {
  const message = `the method ${method} does not exist/is not available`
  return `{"jsonrpc":"2.0","id":${id},"error":{"code":-32601,"message":"${message}","data":"{}"}}\n`
}

function withId({ response }: Exchange, id: string): string {
  return response.replace('"id":1', `"id":${id}`)
}

function numberIn(value: unknown): number {
  return typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN
}
