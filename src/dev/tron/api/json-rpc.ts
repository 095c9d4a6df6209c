import type { Hex } from '../../../lib/hex.ts'
import type { Block } from '../block.ts'
import type { View, Window } from '../view.ts'
import { ethBlock, ethReceipt, ethReceipts, quantity } from './eth-json.ts'
import { findLogs } from './eth-logs.ts'
import type { InfoOptions } from './info-json.ts'
import { RpcError } from './rpc-error.ts'

export interface RpcContext extends InfoOptions {
  readonly view: View
  readonly chainId: Hex
  /** The method came with 4.8.1; older nodes do not know it. */
  readonly blockReceipts: boolean
  readonly blockRangeMax: number
}

export interface RpcCall {
  readonly id?: unknown
  readonly method?: unknown
  readonly params?: unknown
}

type Method = (context: RpcContext, params: readonly unknown[]) => unknown

const METHODS: Readonly<Record<string, Method>> = {
  eth_chainId: ({ chainId }) => chainId,
  net_version: ({ chainId }) => chainId,
  web3_clientVersion: () => 'TRON/settled-devnet/4.8.0',
  eth_blockNumber: ({ view }) => quantity(view.head.height),
  eth_getBlockByNumber: ({ view }, params) => {
    hashesOnly(params)
    return orNull(byTag(view, params[0]), ethBlock)
  },
  eth_getBlockByHash: ({ view }, params) => {
    hashesOnly(params)
    return orNull(view.all().byId(String(params[0]).slice(2)), ethBlock)
  },
  eth_getTransactionReceipt: (context, [hash]) => {
    const found = context.view.all().transaction(String(hash) as Hex)
    return found === null ? null : ethReceipt(found.block, found.index, context)
  },
  eth_getBlockReceipts: (context, [key]) => {
    const { view } = context
    const isHash = typeof key === 'string' && key.length === 66
    const block = isHash ? view.all().byId(key.slice(2)) : byTag(view, key)
    // The first block's transactions have no receipts, and a node says null.
    return block === null || block.height === 0 ? null : ethReceipts(block, context)
  },
  eth_getLogs: (context, [filter]) =>
    findLogs(context, filter, (tag) => heightOf(context.view, tag)),
}

/** Answers one call of a request, by the book: an error is an answer too. */
export function answerCall(context: RpcContext, call: RpcCall): object {
  const envelope = { jsonrpc: '2.0', id: call.id ?? null }
  const name = String(call.method)
  const isKnown =
    Object.hasOwn(METHODS, name) && (name !== 'eth_getBlockReceipts' || context.blockReceipts)
  try {
    if (!isKnown) throw new RpcError(-32_601, 'method not found')
    const params = Array.isArray(call.params) ? (call.params as unknown[]) : []
    return { ...envelope, result: METHODS[name]?.(context, params) ?? null }
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    const { code, message, data } = error
    return { ...envelope, error: { code, message, data } }
  }
}

function byTag(view: View, tag: unknown): Block | null {
  const window: Window = view.all()
  return window.at(heightOf(view, tag))
}

function heightOf(view: View, tag: unknown): number {
  if (tag === 'latest') return view.head.height
  if (tag === 'finalized') return view.solid().head.height
  if (tag === 'earliest') return 0
  if (tag === 'pending') throw new RpcError(-32_602, 'TAG pending not supported')
  if (typeof tag === 'string' && /^0x[0-9a-f]+$/i.test(tag)) return Number(tag)
  throw new RpcError(-32_602, 'invalid block number')
}

function hashesOnly([, full]: readonly unknown[]): void {
  if (full !== true) return
  throw new RpcError(-32_602, 'this devnet lists transactions by hash only: ask with false')
}

function orNull<T>(value: T | null, print: (value: T) => object): object | null {
  return value === null ? null : print(value)
}
