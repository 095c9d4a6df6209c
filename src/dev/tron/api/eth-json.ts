import type { Hex } from '../../../lib/hex.ts'
import { transactionBytes } from '../transaction.ts'
import type { Block, Included } from '../block.ts'
import type { Log } from '../ledger/execution.ts'
import type { Outcome } from '../ledger/apply.ts'
import { toldOutcome, type InfoOptions } from './info-json.ts'

const ZERO_HASH: Hex = `0x${'00'.repeat(32)}`
/** TRON fills no bloom filter in: 256 zero bytes stand in every header and receipt. */
const NO_BLOOM: Hex = `0x${'00'.repeat(256)}`
const HEADER_BYTES = 174

export function quantity(value: number): Hex {
  return `0x${value.toString(16)}`
}

export function ethBlock(block: Block): object {
  const { transactions } = block
  const sum = (of: (included: Included) => number): Hex =>
    quantity(transactions.reduce((total, included) => total + of(included), 0))
  const bytes = transactions.reduce(
    (total, { transaction }) => total + transactionBytes(transaction, 1).length,
    HEADER_BYTES,
  )
  return {
    baseFeePerGas: '0x0',
    difficulty: '0x0',
    extraData: '0x',
    gasLimit: sum(({ transaction }) => transaction.feeLimit),
    gasUsed: sum(({ outcome }) => outcome.energy),
    hash: `0x${block.id}`,
    logsBloom: NO_BLOOM,
    miner: `0x${block.witness.slice(2, 42)}`,
    mixHash: ZERO_HASH,
    nonce: '0x0000000000000000',
    number: quantity(block.height),
    parentHash: `0x${block.parentId}`,
    receiptsRoot: ZERO_HASH,
    sha3Uncles: ZERO_HASH,
    size: quantity(bytes),
    stateRoot: '0x',
    timestamp: quantity(Math.floor(block.timestamp / 1000)),
    totalDifficulty: '0x0',
    transactions: transactions.map(({ transaction }) => transaction.id),
    transactionsRoot: `0x${block.txTrieRoot}`,
    uncles: [],
  }
}

export interface PlacedLog {
  readonly log: Log
  readonly json: object
}

/** All logs of a block; their index counts through the block, also past those of failed transactions. */
export function ethLogs(block: Block, options: InfoOptions): PlacedLog[] {
  return block.transactions.flatMap((_, index) => logsOf(block, index, options))
}

function logsOf(block: Block, index: number, options: InfoOptions): PlacedLog[] {
  const included = block.transactions[index]
  if (included === undefined) return []
  const before = block.transactions
    .slice(0, index)
    .reduce((total, { outcome }) => total + toldOutcome(outcome, options).logs.length, 0)
  return toldOutcome(included.outcome, options).logs.map((log, position) => ({
    log,
    json: {
      address: log.address,
      blockHash: `0x${block.id}`,
      blockNumber: quantity(block.height),
      data: log.data,
      logIndex: quantity(before + position),
      removed: false,
      topics: log.topics,
      transactionHash: included.transaction.id,
      transactionIndex: quantity(index),
    },
  }))
}

export function ethReceipts(block: Block, options: InfoOptions): object[] {
  return block.transactions.map((_, index) => ethReceipt(block, index, options))
}

export function ethReceipt(block: Block, index: number, options: InfoOptions): object {
  const included = block.transactions[index]
  if (included === undefined) return {}
  const { transaction, outcome } = included
  const { action } = transaction
  const used = block.transactions
    .slice(0, index + 1)
    .reduce((total, one) => total + one.outcome.energy, 0)
  return {
    blockHash: `0x${block.id}`,
    blockNumber: quantity(block.height),
    contractAddress: null,
    cumulativeGasUsed: quantity(used),
    effectiveGasPrice: '0x64',
    from: action.owner,
    gasUsed: quantity(outcome.energy),
    logs: logsOf(block, index, options).map(({ json }) => json),
    logsBloom: NO_BLOOM,
    status: isSuccess(outcome) ? '0x1' : '0x0',
    to: action.type === 'TriggerSmartContract' ? action.contract : action.to,
    transactionHash: transaction.id,
    transactionIndex: quantity(index),
    type: '0x0',
  }
}

function isSuccess({ result }: Outcome): boolean {
  return result === null || result === 'SUCCESS'
}
