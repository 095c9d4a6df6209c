import { blockJson } from '../../../src/dev/tron/api/block-json.ts'
import { ethBlock, ethReceipts, quantity } from '../../../src/dev/tron/api/eth-json.ts'
import { infosJson, type InfoOptions } from '../../../src/dev/tron/api/info-json.ts'
import { chainIdOf } from '../../../src/dev/tron/block.ts'
import { required } from '../../../src/lib/assert.ts'
import { RpcError, type RpcRequest } from './evm-node.ts'
import type { Replica } from './replica.ts'
import { toTron } from './tron-wire.ts'
import type { SimBlock } from './transaction.ts'

/** How a node's software and its operator make it answer. */
export interface TronManners extends InfoOptions {
  /** JSON-RPC is off by default, and many nodes that have it do not know `eth_getBlockReceipts` yet. */
  readonly rpc: 'off' | 'without_receipts' | 'with_receipts'
  /** Hosted: with a key, and an allowance. */
  readonly isKeyed: boolean
}

export type Fields = Readonly<Record<string, unknown>>

/** A branch as far as one of the node's APIs lets it be seen. */
export interface Sight {
  readonly head: SimBlock | null
  at(height: number): SimBlock | null
}

const RANGE_MAX = 100

/** What `/wallet/` shows, or what `/walletsolidity/` does: only what is solid. */
export function sightOf(replica: Replica, isSolid: boolean): Sight {
  const head = isSolid ? replica.finalized : replica.tip
  return {
    head,
    at: (height) => (head === null || height > head.height ? null : replica.at(height)),
  }
}

/** The part of java-tron's HTTP API that a watcher needs. What is not there is `{}`, and never an error. */
export function answerTron(
  path: string,
  fields: Fields,
  sight: Sight,
  options: InfoOptions,
): object {
  switch (path) {
    case 'getblock': {
      const { id_or_num: which, detail } = fields
      const block = which === undefined ? sight.head : sight.at(Number(which))
      return block === null ? {} : blockJson(toTron(block), detail === true)
    }
    case 'getblockbynum': {
      const block = sight.at(Number(fields['num']))
      return block === null ? {} : blockJson(toTron(block))
    }
    case 'getblockbylimitnext':
      return blocksIn(Number(fields['startNum']), Number(fields['endNum']), sight)
    case 'gettransactioninfobyblocknum': {
      const height = Number(fields['num'])
      if (height <= 0) return {}
      const block = sight.at(height)
      return block === null ? [] : infosJson(toTron(block), options)
    }
    default:
      throw new Error(`this world's nodes do not know ${path}`)
  }
}

function blocksIn(from: number, end: number, sight: Sight): object {
  if (end <= from || end - from > RANGE_MAX) return {}
  const heights = Array.from({ length: end - from }, (_, index) => from + index)
  const block = heights.flatMap((height) => {
    const found = sight.at(height)
    return found === null ? [] : [blockJson(toTron(found))]
  })
  return { block }
}

/** What a daemon asks java-tron's JSON-RPC for. */
export function answerTronRpc(
  { method, params }: RpcRequest,
  sight: Sight,
  manners: TronManners,
): unknown {
  const height = Number(params[0])
  if (method === 'eth_chainId') {
    const genesis = required(sight.at(0), 'a chain has a first block')
    return quantity(Number(chainIdOf(toTron(genesis))))
  }
  if (method === 'eth_getBlockByNumber') {
    const block = sight.at(height)
    return block === null ? null : ethBlock(toTron(block))
  }
  if (method === 'eth_getBlockReceipts' && manners.rpc === 'with_receipts') {
    const block = sight.at(height)
    return block === null || height === 0 ? null : ethReceipts(toTron(block), manners)
  }
  throw new RpcError(-32_601, 'method not found')
}
