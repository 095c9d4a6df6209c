import type { TokenNotice } from '../../domain/audit.ts'
import type { BlockHeader } from '../../domain/block.ts'
import type { RailId } from '../../domain/chain.ts'
import type { Transfer } from '../../domain/transfer.ts'
import type { Hex } from '../../lib/hex.ts'
import { readMovement, TRANSFER_TOPIC } from '../movement.ts'
import { readNotice } from '../token-notice.ts'

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

/** What the watched tokens announced in a block. A failed transaction announced nothing. */
export function noticesOf(
  { header, executions }: Reading,
  { rails }: TransferScope,
): TokenNotice[] {
  const { height, hash: blockHash } = header
  const blockTimeMs = header.time.getTime()
  const logs = executions.flatMap(({ txHash, isSuccess, logs }) =>
    logs.map((log) => ({ ...log, txHash, isSuccess })),
  )
  return logs.flatMap(({ address, topics, data, txHash, isSuccess }, logIndex) => {
    const rail = rails.get(address)
    if (rail === undefined || !isSuccess) return []
    const notice = readNotice(topics, data)
    return notice === null
      ? []
      : { ...notice, rail, height, blockHash, blockTimeMs, txHash, logIndex }
  })
}
