import type { BlockHeader } from '../../domain/block.ts'
import { readBlockTime } from '../wire/block-time.ts'
import { contradict, ProviderFailure } from '../wire/failure.ts'
import {
  readBytes,
  readHash,
  readLink,
  readQuantity,
  toQuantity,
  isHexText,
} from '../wire/hex-field.ts'
import type { RpcCall } from '../wire/json-rpc.ts'
import type { Hex } from '../../lib/hex.ts'
import type { Execution, ExecutionLog, Reading } from './execution.ts'
import { assertNoneLeftOut } from './block-answer.ts'
import { readObject } from './field.ts'

/** A header over JSON-RPC, with the hashes of the block's transactions. */
interface RpcBlock extends BlockHeader {
  readonly txHashes: readonly Hex[]
}

/** What one block takes: its header with the list of its transactions, and all its receipts. */
export function receiptCalls(height: number): [RpcCall, RpcCall] {
  const number = toQuantity(height)
  return [
    { method: 'eth_getBlockByNumber', params: [number, false] },
    { method: 'eth_getBlockReceipts', params: [number] },
  ]
}

/** Receipts carry their block's hash, and there must be one for each of its transactions. */
export function readReceipts(rawBlock: unknown, rawReceipts: unknown, height: number): Reading {
  // A provider without a block of finalized history lags.
  if (rawBlock === null) throw new ProviderFailure('unknown_block', `block ${height} is not served`)
  const { txHashes, ...header } = readRpcBlock(rawBlock, height)
  if (height === 0) return { header, executions: [] }
  if (!Array.isArray(rawReceipts) || rawReceipts.length !== txHashes.length) {
    throw new ProviderFailure('unknown_block', `receipts of block ${height} are not all served`)
  }
  const executions = rawReceipts.map((raw: unknown, index) => {
    const execution = readReceipt(raw, header)
    if (execution.txHash !== txHashes[index]) {
      contradict('receipts of other transactions', { height, receipt: execution.txHash })
    }
    return execution
  })
  return { header, executions }
}

function readRpcBlock(raw: unknown, height: number): RpcBlock {
  const { number, hash, parentHash, timestamp, ...rest } = readObject(raw, 'block')
  const { transactions, transactionsRoot } = rest
  const given = readQuantity(number, 'number')
  if (given !== height) contradict('another block than the one asked for', { asked: height, given })
  if (!Array.isArray(transactions)) contradict('transactions are no list', { height })
  if (transactions.length === 0) assertNoneLeftOut(transactionsRoot, height)
  return {
    height,
    ...readLink(hash, parentHash),
    time: readBlockTime(timestamp, 'timestamp'),
    txHashes: transactions.map((txHash: unknown) => readHash(txHash, 'transactions')),
  }
}

function readReceipt(raw: unknown, { hash, height }: BlockHeader): Execution {
  const { transactionHash, blockHash, status, logs } = readObject(raw, 'receipt')
  if (blockHash !== hash) contradict('a receipt of another block', { height, hash, blockHash })
  if (status !== '0x1' && status !== '0x0') contradict('status is neither 0x0 nor 0x1', { status })
  if (!Array.isArray(logs)) contradict('logs are no list', { height })
  return {
    txHash: readHash(transactionHash, 'transactionHash'),
    isSuccess: status === '0x1',
    logs: logs.map(readLog),
  }
}

const ADDRESS_LENGTH = 42

function readLog(raw: unknown): ExecutionLog {
  const { address, topics, data } = readObject(raw, 'log')
  if (!isHexText(address, ADDRESS_LENGTH)) contradict('log.address is no address', { address })
  if (!Array.isArray(topics)) contradict('log.topics is no list', { topics })
  return {
    address,
    topics: topics.map((topic: unknown) => readHash(topic, 'log.topics')),
    data: readBytes(data, 'log.data'),
  }
}
