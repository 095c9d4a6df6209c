import type { TestContext } from 'node:test'
import {
  startTronDevnet,
  type TronDevnet,
  type TronDevnetOptions,
} from '../../../src/dev/tron/devnet.ts'
import type { TronNode } from '../../../src/dev/tron/node.ts'
import { openTronWallet, type TronWallet } from '../../../src/dev/tron/wallet.ts'
import type { Address } from '../../../src/domain/chain.ts'
import { systemEnv } from '../../../src/lib/env.ts'
import type { Hex } from '../../../src/lib/hex.ts'

export const DEPOSIT: Address = `0x${'d1'.repeat(20)}`

export interface TronWorld {
  readonly devnet: TronDevnet
  readonly wallet: TronWallet
}

/** A devnet whose blocks come only from `mine()`, and a wallet at its first node. */
export async function openTronWorld(
  t: TestContext,
  options: Partial<TronDevnetOptions> = {},
): Promise<TronWorld> {
  const devnet = await startTronDevnet({ env: systemEnv, solidLag: 2, ...options })
  t.after(() => devnet.stop())
  const { fullUrl, solidityUrl } = devnet.main
  const wallet = await openTronWallet({ fullUrl, solidityUrl, clock: systemEnv.clock })
  return { devnet, wallet }
}

export interface Answer {
  readonly status: number
  readonly contentType: string | null
  readonly text: string
}

export async function exchange(url: string, body: unknown, headers = {}): Promise<Answer> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body), headers })
  const { status } = response
  return { status, contentType: response.headers.get('content-type'), text: await response.text() }
}

/** What the full node's HTTP API answers, or the solidity API where the path says so. */
export async function ask<T>(node: TronNode, path: string, body: object = {}): Promise<T> {
  const origin = path.startsWith('/walletsolidity/') ? node.solidityUrl : node.fullUrl
  return JSON.parse((await exchange(origin + path, body)).text) as T
}

export interface RpcAnswer {
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
}

export async function rpc(
  node: TronNode,
  method: string,
  ...params: unknown[]
): Promise<RpcAnswer> {
  const call = { jsonrpc: '2.0', id: 1, method, params }
  return JSON.parse((await exchange(node.jsonRpcUrl, call)).text) as RpcAnswer
}

/** The parts of a transaction info that tests look at. */
export interface Info {
  readonly id: string
  readonly blockNumber: number
  readonly result?: string
  readonly resMessage?: string
  readonly contractResult: readonly string[]
  readonly receipt: { readonly result?: string; readonly energy_usage_total?: number }
  readonly log?: readonly {
    readonly address: string
    readonly topics: readonly string[]
    readonly data?: string
  }[]
  readonly internal_transactions?: readonly { readonly rejected?: boolean }[]
}

/** Puts what was sent into a block and returns its info from there. */
export async function mined({ devnet }: TronWorld, txHash: Hex): Promise<Info> {
  devnet.mine()
  return ask<Info>(devnet.main, '/wallet/gettransactioninfobyid', { value: txHash.slice(2) })
}

export function words(hex: string | undefined): string {
  return Buffer.from(hex ?? '', 'hex').toString()
}
