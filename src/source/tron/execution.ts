import { plainHeader, type BlockHeader } from '../../domain/block.ts'
import type { RailId } from '../../domain/chain.ts'
import type { Transfer } from '../../domain/transfer.ts'
import type { Hex } from '../../lib/hex.ts'
import { readMovement, TRANSFER_TOPIC } from '../movement.ts'
import { contradict } from '../wire/failure.ts'
import type { BlockTransaction, TronBlock } from './block-answer.ts'
import type { TransactionInfo } from './info-answer.ts'

/** A transaction of a block, whether it succeeded, and what its contracts logged. */
export interface Execution {
  readonly txHash: Hex
  readonly isSuccess: boolean
  readonly logs: readonly ExecutionLog[]
}

export interface ExecutionLog {
  readonly address: Hex
  readonly topics: readonly Hex[]
  readonly data: Hex
}

/** A block and what its transactions did. */
export interface Reading {
  readonly header: BlockHeader
  readonly executions: readonly Execution[]
}

/** Transactions that run a contract; all others log nothing and have no receipt to agree with. */
const RUNS_CONTRACT: ReadonlySet<string> = new Set(['TriggerSmartContract', 'CreateSmartContract'])

/**
 * Joins a block with its transaction infos. Infos carry no block hash, only a height, so they belong to this
 * block if they are of the same transactions and the same time: two branches may hold one transaction at one
 * height, but not in the same slot. Null when they are not all there, or are another block's: not yet.
 */
export function joinInfos(block: TronBlock, infos: readonly TransactionInfo[]): Reading | null {
  // The genesis block was never executed: its transactions have no infos, and no node will ever have them.
  const header = plainHeader(block)
  if (block.height === 0) return { header, executions: [] }
  if (infos.length !== block.transactions.length) return null
  const byId = new Map(infos.map((info) => [info.txHash, info]))
  const timeMs = block.time.getTime()
  const executions: Execution[] = []
  for (const transaction of block.transactions) {
    const info = byId.get(transaction.txHash)
    if (info === undefined || info.timeMs !== timeMs || info.height !== block.height) return null
    executions.push(executionOf(transaction, info))
  }
  return { header, executions }
}

/**
 * The block's own word on success is what producers agreed on; the infos are one node's. Where they disagree,
 * one of them is wrong, and no money is credited on a guess.
 */
function executionOf(transaction: BlockTransaction, info: TransactionInfo): Execution {
  const { txHash, type, contractRet } = transaction
  const { logs, isFailed, receiptResult } = info
  const isSuccess = contractRet === 'SUCCESS'
  const agrees = RUNS_CONTRACT.has(type)
    ? (receiptResult === 'SUCCESS') === isSuccess && isFailed === !isSuccess
    : logs.length === 0
  if (!agrees) {
    const evidence = { txHash, type, contractRet, receiptResult, isFailed, logs: logs.length }
    contradict('a block and its transaction infos disagree on an outcome', evidence)
  }
  return { txHash, isSuccess, logs }
}

/** Which logs count, and who hears of those that look like a transfer and are none. */
export interface TransferScope {
  readonly rails: ReadonlyMap<Hex, RailId>
  readonly onOddLog: (log: ExecutionLog) => void
}

/**
 * The transfers in a block, in its order. Nodes can serve logs of failed transactions; they moved nothing. Nor
 * does a transfer of zero: a `transferFrom` of nothing needs nobody's approval.
 */
export function transfersOf(
  { header, executions }: Reading,
  { rails, onOddLog }: TransferScope,
): Transfer[] {
  const transfers: Transfer[] = []
  const { height, hash: blockHash } = header
  const blockTimeMs = header.time.getTime()
  let logIndex = -1
  for (const { txHash, isSuccess, logs } of executions) {
    for (const log of logs) {
      logIndex += 1
      const rail = rails.get(log.address)
      if (!isSuccess || rail === undefined || log.topics[0] !== TRANSFER_TOPIC) continue
      const moved = readMovement(log.topics, log.data)
      if (moved === null) onOddLog(log)
      else if (moved.amount > 0n) {
        transfers.push({ rail, height, blockHash, blockTimeMs, txHash, logIndex, ...moved })
      }
    }
  }
  return transfers
}
