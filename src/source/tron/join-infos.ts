import { plainHeader } from '../../domain/block.ts'
import { contradict } from '../wire/failure.ts'
import type { BlockTransaction, TronBlock } from './block-answer.ts'
import type { Execution, Reading } from './execution.ts'
import type { TransactionInfo } from './info-answer.ts'

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
 * one of them is wrong, and no money is credited on a guess. Nor is any passed over on one: a block that does not say
 * how a contract ran leaves the infos alone with it. (Plain transfers had `"ret":[{}]` in 2019.)
 */
export function executionOf(transaction: BlockTransaction, info: TransactionInfo): Execution {
  const { txHash, type, contractRet } = transaction
  const { logs, isFailed, receiptResult } = info
  const isSuccess = contractRet === 'SUCCESS'
  const agrees = RUNS_CONTRACT.has(type)
    ? contractRet !== null && (receiptResult === 'SUCCESS') === isSuccess && isFailed === !isSuccess
    : logs.length === 0
  if (!agrees) {
    const evidence = { txHash, type, contractRet, receiptResult, isFailed, logs: logs.length }
    contradict('a block and its transaction infos disagree on an outcome', evidence)
  }
  return { txHash, isSuccess, logs }
}
