import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Env } from '../../lib/env.ts'
import type { Hex } from '../../lib/hex.ts'
import { triggerJson, transferJson } from './api/call-json.ts'
import { answerCall, type RpcCall, type RpcContext } from './api/json-rpc.ts'
import { nodeInfoJson } from './api/node-info-json.ts'
import { FULL_NODE_ENDPOINTS, READ_ENDPOINTS, type Endpoint } from './api/read-endpoints.ts'
import { ApiError, flagIn, textIn, type Fields, type ReadContext } from './api/request.ts'
import { bentAnswer, Faults, JSON_TYPE, rawAnswer, type Fault } from './faults.ts'
import { Gate, type GateOptions } from './gate.ts'
import { listen, noSuchPath, readFields, readText, send, type HttpServer } from './http.ts'
import { readSigned, Refusal, type Transaction } from './transaction.ts'
import type { TronWebModule } from './tronweb.ts'
import type { View, Window } from './view.ts'

export interface NodeOptions extends GateOptions {
  /** How many blocks it is behind the devnet's head. */
  readonly lag?: number
  /** All APIs on one port, as hosted providers serve them. */
  readonly shared?: boolean
  /** The full node's, the solidity API's and JSON-RPC's; 0, the default, takes a free one. */
  readonly ports?: readonly [full: number, solidity: number, jsonRpc: number]
  /** Whether it knows `eth_getBlockReceipts`, which came with 4.8.1. */
  readonly blockReceipts?: boolean
  readonly blockRangeMax?: number
  /** It keeps the logs of transactions that ran out of time, as nodes with a careless time limit do. */
  readonly phantomLogs?: boolean
}

export interface NodeParts {
  readonly env: Env
  readonly tron: TronWebModule
  readonly view: View
  readonly chainId: Hex
  submit(transaction: Transaction): void
}

type Api = 'wallet' | 'walletsolidity' | 'jsonrpc'

const BLOCK_RANGE_MAX = 5_000
const RPC_TYPE = 'application/json-rpc'
const DRIP_MS = 200
const PARSE_ERROR =
  '{"jsonrpc":"2.0","id":"null","error":{"code":-32700,"message":"JSON parse error"}}\n'
const UNSUPPORTED = 'java.lang.UnsupportedOperationException'
const HEX_ONLY = 'this devnet prints addresses in hexadecimal only: ask without visible'

interface Asked {
  readonly api: Api
  readonly request: IncomingMessage
  readonly url: URL
  readonly fault: Fault | null
}

/** One node of the devnet with its three APIs, and everything that can be wrong with one. */
export class TronNode {
  readonly faults = new Faults()
  /** How often each path and each JSON-RPC method was asked for. */
  readonly requests = new Map<string, number>()
  readonly view: View
  readonly #parts: NodeParts
  readonly #options: NodeOptions
  readonly #gate: Gate
  readonly #stopping = new AbortController()
  readonly #servers: HttpServer[] = []
  #origins: Record<Api, string> = { wallet: '', walletsolidity: '', jsonrpc: '' }

  private constructor(parts: NodeParts, options: NodeOptions) {
    this.#parts = parts
    this.#options = options
    this.view = parts.view
    this.#gate = new Gate(options, parts.env.clock)
  }

  static async start(parts: NodeParts, options: NodeOptions): Promise<TronNode> {
    const node = new TronNode(parts, options)
    try {
      await node.#listen()
      return node
    } catch (error) {
      await node.stop()
      throw error
    }
  }

  get fullUrl(): string {
    return this.#origins.wallet
  }

  get solidityUrl(): string {
    return this.#origins.walletsolidity
  }

  get jsonRpcUrl(): string {
    return `${this.#origins.jsonrpc}/jsonrpc`
  }

  /** Misbehaves at one path (`/wallet/getnowblock`), JSON-RPC method (`eth_getLogs`) or everywhere (`*`). */
  misbehave(at: string, fault: Fault, times?: number): void {
    this.faults.add(at, fault, times)
  }

  /** Does everything right again. */
  behave(): void {
    this.faults.clear()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#servers.splice(0).map((server) => server.stop()))
  }

  async #listen(): Promise<void> {
    const [full, solidity, jsonRpc] = this.#options.ports ?? [0, 0, 0]
    const open = async (port: number, apis: readonly Api[]): Promise<string> => {
      const server = await listen(port, (request, response) => this.#serve(apis, request, response))
      this.#servers.push(server)
      return server.origin
    }
    if (this.#options.shared === true) {
      const origin = await open(full, ['wallet', 'walletsolidity', 'jsonrpc'])
      this.#origins = { wallet: origin, walletsolidity: origin, jsonrpc: origin }
      return
    }
    this.#origins = {
      wallet: await open(full, ['wallet']),
      walletsolidity: await open(solidity, ['walletsolidity']),
      jsonrpc: await open(jsonRpc, ['jsonrpc']),
    }
  }

  async #serve(
    apis: readonly Api[],
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const path = url.pathname
    this.#count(path)
    const refusal = this.#gate.refusal(request.headers)
    if (refusal !== null) return send(response, refusal)
    const fault = this.faults.take(path)
    if (fault !== null && (await this.#misanswer(fault, response))) return
    const api = apis.find((one) => path === `/${one}` || path.startsWith(`/${one}/`))
    if (api === 'jsonrpc') {
      const body = this.#answerRpc(await readText(request))
      return send(response, { status: 200, contentType: RPC_TYPE, body })
    }
    const endpoint = api === undefined ? null : this.#endpoint(api, path.split('/')[2] ?? '')
    if (api === undefined || endpoint === null) {
      return send(response, noSuchPath(request.method ?? 'GET', path))
    }
    const body = JSON.stringify(await this.#answer(endpoint, { api, request, url, fault }))
    send(response, { status: 200, contentType: JSON_TYPE, body: `${body}\n` })
  }

  /** Whether the fault took the whole exchange over. */
  async #misanswer(fault: Fault, response: ServerResponse): Promise<boolean> {
    const raw = rawAnswer(fault)
    if (raw !== null) {
      send(response, raw)
      return true
    }
    if (fault.kind === 'drip') {
      response.writeHead(200, { 'content-type': JSON_TYPE })
      while (!response.destroyed && !this.#stopping.signal.aborted) {
        response.write(' ')
        await this.#parts.env.clock.sleep(DRIP_MS, this.#stopping.signal)
      }
    }
    return fault.kind === 'drip' || fault.kind === 'hang'
  }

  #endpoint(api: Api, name: string): Endpoint | null {
    const own: Readonly<Record<string, Endpoint>> = {
      broadcasttransaction: (_, fields) => this.#broadcast(fields),
      createtransaction: transferJson,
      transferasset: transferJson,
      triggersmartcontract: triggerJson,
      ...FULL_NODE_ENDPOINTS,
    }
    const everywhere: Readonly<Record<string, Endpoint>> = {
      getnodeinfo: () => nodeInfoJson(this.view.head, this.view.solid().head),
      ...READ_ENDPOINTS,
    }
    const endpoints = api === 'wallet' ? { ...everywhere, ...own } : everywhere
    return Object.hasOwn(endpoints, name) ? (endpoints[name] ?? null) : null
  }

  async #answer(endpoint: Endpoint, { api, request, url, fault }: Asked): Promise<unknown> {
    try {
      const fields = await readFields(request, url)
      if (flagIn(fields, 'visible')) throw new ApiError(UNSUPPORTED, HEX_ONLY)
      const context = this.#context(api === 'wallet' ? this.view.all() : this.view.solid())
      return bentAnswer(fault, {
        fields,
        headHeight: context.window.head.height,
        answer: (given) => endpoint(context, given),
      })
    } catch (error) {
      if (error instanceof ApiError) return { Error: error.message }
      throw error
    }
  }

  #context(window: Window): ReadContext {
    const { tron, env } = this.#parts
    const phantomLogs = this.#options.phantomLogs === true
    return { tron, window, now: env.clock.now().getTime(), phantomLogs }
  }

  #broadcast(fields: Fields): object {
    const txid = textIn(fields, 'txID')
    try {
      this.#parts.submit(readSigned(this.#parts.tron, fields))
      return { result: true, txid }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const message = Buffer.from(error.message).toString('hex')
      return { code: error.code, txid, message }
    }
  }

  #answerRpc(text: string): string {
    const request = parseCalls(text)
    if (request === null) return PARSE_ERROR
    const answer = Array.isArray(request)
      ? request.map((call) => this.#answerCall(call))
      : this.#answerCall(request)
    return `${JSON.stringify(answer)}\n`
  }

  #answerCall(call: RpcCall): object {
    const method = String(call.method)
    this.#count(method)
    const context: RpcContext = {
      view: this.view,
      chainId: this.#parts.chainId,
      blockReceipts: this.#options.blockReceipts ?? true,
      blockRangeMax: this.#options.blockRangeMax ?? BLOCK_RANGE_MAX,
      phantomLogs: this.#options.phantomLogs === true,
    }
    const honest = answerCall(context, call)
    const fault = this.faults.take(method)
    if (fault === null || !('result' in honest)) return honest
    const asked = { fields: {}, headHeight: this.view.head.height, answer: () => honest.result }
    return { ...honest, result: bentAnswer(fault, asked) }
  }

  #count(name: string): void {
    this.requests.set(name, (this.requests.get(name) ?? 0) + 1)
  }
}

function parseCalls(text: string): RpcCall | RpcCall[] | null {
  try {
    return JSON.parse(text) as RpcCall | RpcCall[]
  } catch {
    return null
  }
}
