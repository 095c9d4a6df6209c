import { keccak256 } from 'viem/utils'
import { required } from '../../../src/lib/assert.ts'
import { toBytes, toHex, type Hex } from '../../../src/lib/hex.ts'
import { balanceIn } from './balances.ts'
import type { Replica } from './replica.ts'
import { placedLogs, type PlacedLog, type SimBlock } from './transaction.ts'
import { dataOf, topicsOf, toWord, TRANSFER_TOPIC } from './transfer-abi.ts'

export interface RpcRequest {
  readonly id: unknown
  readonly method: string
  readonly params: readonly unknown[]
}

export interface LogFilter {
  readonly blockHash?: Hex
  readonly fromBlock?: string
  readonly toBlock?: string
  readonly address?: readonly Hex[]
  readonly topics?: readonly Hex[]
}

interface ContractCall {
  readonly to: Hex
  readonly data: Hex
}

/** How a node's software and its operator's plan make it answer. */
export interface EvmManners {
  /** Blocks one range of logs may span. */
  readonly rangeMax: number
  /** Whether its logs carry their block's time. */
  readonly stampsLogs: boolean
  /** Geth answers `finalized` on a young chain with an error, others with null. */
  readonly errsOnNoFinality: boolean
  /** Whether it still serves blocks by hash that are not on its branch any more, as Geth does and Anvil does not. */
  readonly keepsOrphans: boolean
  /** Bits set in every bloom besides: full blocks say "maybe" to almost anything. */
  readonly fullBlooms: boolean
}

/** An error object in place of a result. */
export class RpcError extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** Made of chance, as a TRON chain's is of its genesis block: each chain of a world has another one. */
export function evmChainNumber({ hash }: SimBlock): number {
  return 1 + Number.parseInt(hash.slice(-6), 16)
}

const FULL_BLOOM: Hex = `0x${'ff'.repeat(256)}`

/** The part of Ethereum's JSON-RPC that a watcher needs, answered from one node's view. */
export function answerEvm(
  { method, params }: RpcRequest,
  replica: Replica,
  manners: EvmManners,
): unknown {
  switch (method) {
    case 'eth_chainId':
      return quantity(
        evmChainNumber(required(replica.chain.canonical[0], 'there is a genesis block')),
      )
    case 'eth_getBlockByNumber':
      return header(params[0], replica, manners)
    case 'eth_getLogs':
      return logs(params[0] as LogFilter, replica, manners)
    case 'eth_call':
      return balance(params[0] as ContractCall, replica.at(Number(params[1])), replica)
    default:
      throw new RpcError(-32_601, `the method ${method} does not exist`)
  }
}

export function quantity(value: number): string {
  return `0x${value.toString(16)}`
}

function header(tag: unknown, replica: Replica, manners: EvmManners): object | null {
  const block = blockOf(tag, replica, manners)
  if (block === null) return null
  return {
    number: quantity(block.height),
    hash: block.hash,
    parentHash: block.parentHash,
    timestamp: quantity(block.timeMs / 1_000),
    logsBloom: manners.fullBlooms ? FULL_BLOOM : bloomOf(block),
    transactions: block.transactions.map(({ hash }) => hash),
  }
}

function blockOf(tag: unknown, replica: Replica, manners: EvmManners): SimBlock | null {
  if (tag === 'latest') return replica.tip
  if (tag !== 'finalized') return replica.at(Number(tag))
  if (replica.finalized === null && manners.errsOnNoFinality) {
    throw new RpcError(-39_001, 'finalized block not found')
  }
  return replica.finalized
}

function logs(filter: LogFilter, replica: Replica, manners: EvmManners): object[] {
  return blocksOf(filter, replica, manners).flatMap((block) =>
    placedLogs(block)
      .filter(({ log }) => filter.address?.includes(log.contract) ?? true)
      .map((placed) => logObject(placed, block, manners)),
  )
}

/** Of contracts a watcher asks nothing else. */
function balance({ to, data }: ContractCall, block: SimBlock | null, { chain }: Replica): Hex {
  if (block === null) throw new RpcError(-32_000, 'header not found')
  const holder: Hex = `0x${data.slice(-40)}`
  return toWord(balanceIn(block, chain, { contract: to, holder }))
}

function blocksOf(filter: LogFilter, replica: Replica, manners: EvmManners): SimBlock[] {
  const { blockHash, fromBlock, toBlock } = filter
  if (blockHash !== undefined) {
    const block = replica.byHash(blockHash)
    const isServed = block !== null && (manners.keepsOrphans || replica.at(block.height) === block)
    if (!isServed) throw new RpcError(-32_000, 'unknown block')
    return [block]
  }
  const from = Number(fromBlock)
  const to = Number(toBlock)
  if (to - from + 1 > manners.rangeMax) {
    throw new RpcError(-32_602, `block range is too large, at most ${manners.rangeMax} blocks`)
  }
  const blocks: SimBlock[] = []
  for (let height = from; height <= Math.min(to, replica.tip.height); height += 1) {
    const block = replica.at(height)
    if (block !== null) blocks.push(block)
  }
  return blocks
}

export function logObject(
  { log, transaction, logIndex }: PlacedLog,
  block: SimBlock,
  { stampsLogs }: Pick<EvmManners, 'stampsLogs'>,
): object {
  return {
    address: log.contract,
    topics: topicsOf(log),
    data: dataOf(log),
    blockNumber: quantity(block.height),
    blockHash: block.hash,
    ...(stampsLogs ? { blockTimestamp: quantity(block.timeMs / 1_000) } : {}),
    transactionHash: transaction.hash,
    transactionIndex: quantity(block.transactions.indexOf(transaction)),
    logIndex: quantity(logIndex),
    removed: false,
  }
}

const blooms = new WeakMap<SimBlock, Hex>()

function bloomOf(block: SimBlock): Hex {
  const known = blooms.get(block)
  if (known !== undefined) return known
  const bytes = Buffer.alloc(256)
  for (const { log } of placedLogs(block)) {
    for (const value of [log.contract, TRANSFER_TOPIC]) {
      for (const bit of bitsOf(value))
        bytes[255 - (bit >> 3)] = (bytes[255 - (bit >> 3)] ?? 0) | (1 << (bit & 7))
    }
  }
  const bloom = toHex(bytes)
  blooms.set(block, bloom)
  return bloom
}

const bits = new Map<Hex, readonly number[]>()

/** The three bits of a value: the low eleven bits of the first three pairs of bytes of its hash. */
function bitsOf(value: Hex): readonly number[] {
  const known = bits.get(value)
  if (known !== undefined) return known
  const hash = toBytes(keccak256(value))
  const found = [0, 2, 4].map((offset) => hash.readUInt16BE(offset) & 2_047)
  bits.set(value, found)
  return found
}
