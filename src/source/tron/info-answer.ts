import type { Hex } from '../../lib/hex.ts'
import { contradict } from '../wire/failure.ts'
import { readBare, readBareBytes, readList, readObject, readText, readWhole } from './field.ts'
import type { ExecutionLog } from './execution.ts'

/** What became of one transaction, in a node's own words. It is no part of what the chain agrees on. */
export interface TransactionInfo {
  readonly txHash: Hex
  readonly height: number
  readonly timeMs: number
  /** Only `FAILED` is ever written. */
  readonly isFailed: boolean
  /** Such as `SUCCESS`, `REVERT` or `OUT_OF_TIME`; null where no contract was executed. */
  readonly receiptResult: string | null
  readonly logs: readonly ExecutionLog[]
}

/** Reads `gettransactioninfobyblocknum`. An empty list may mean three things, and it is not for here to say which. */
export function readInfos(answer: object): TransactionInfo[] {
  if (!Array.isArray(answer)) contradict('transaction infos are no list', { infos: answer })
  return answer.map(readInfo)
}

export function readInfo(answer: unknown): TransactionInfo {
  const { id, blockNumber, blockTimeStamp, result, receipt, log } = readObject(answer, 'info')
  return {
    txHash: readBare(id, 32, 'id'),
    height: readWhole(blockNumber, 'blockNumber'),
    timeMs: readWhole(blockTimeStamp, 'blockTimeStamp'),
    isFailed: readFailed(result),
    receiptResult: readReceipt(receipt),
    logs: readList(log, 'log').map(readLog),
  }
}

/** A word we do not know must not pass for success. */
function readFailed(result: unknown): boolean {
  if (result === undefined || result === 'SUCESS') return false // The protocol's own spelling of its default.
  if (result === 'FAILED') return true
  return contradict('an unknown result', { result })
}

function readReceipt(receipt: unknown): string | null {
  if (receipt === undefined) return null
  const { result } = readObject(receipt, 'receipt')
  return result === undefined ? null : readText(result, 'receipt.result')
}

function readLog(answer: unknown): ExecutionLog {
  const { address, topics, data } = readObject(answer, 'log')
  return {
    address: readBare(address, 20, 'log.address'),
    topics: readList(topics, 'log.topics').map((topic) => readBare(topic, 32, 'log.topics')),
    data: readBareBytes(data, 'log.data'),
  }
}
