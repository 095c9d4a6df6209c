import type { Address } from '../../../src/domain/chain.ts'
import type { Hex } from '../../../src/lib/hex.ts'

/**
 * What a contract logs under the topic of a transfer. Only `transfer` has the exact shape of one; the others are
 * what real contracts log there as well, and move nothing.
 */
export type LogShape = 'transfer' | 'four_topics' | 'dirty_padding' | 'long_data'

export interface SimLog {
  readonly contract: Address
  readonly from: Address
  readonly to: Address
  readonly amount: bigint
  readonly shape: LogShape
}

export interface SimTransaction {
  readonly hash: Hex
  /** Reverted transactions are in their block and log nothing. */
  readonly reverted: boolean
  readonly logs: readonly SimLog[]
  /** What one that logs nothing would have logged as a transfer: on TRON careless nodes show it of failed ones. */
  readonly attempted?: readonly SimLog[]
  /** It moves one of TRON's native assets; no contract runs. */
  readonly isTrc10?: boolean
}

export interface SimBlock {
  readonly height: number
  readonly hash: Hex
  readonly parentHash: Hex
  readonly timeMs: number
  readonly transactions: readonly SimTransaction[]
}

/** A log in its block, as a node numbers it there. */
export interface PlacedLog {
  readonly log: SimLog
  readonly transaction: SimTransaction
  readonly logIndex: number
}

export function placedLogs(block: SimBlock): PlacedLog[] {
  let logIndex = 0
  return block.transactions.flatMap((transaction) =>
    transaction.logs.map((log) => ({ log, transaction, logIndex: logIndex++ })),
  )
}
