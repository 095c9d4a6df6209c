import type { Hex } from '../lib/hex.ts'
import type { BlockHeader } from './block.ts'
import type { Address } from './chain.ts'

/** What a log of some contract says has moved, whether or not anybody watches that contract. */
export interface TokenMovement {
  readonly contract: Address
  readonly from: Address
  readonly to: Address
  readonly amount: bigint
}

/** A transaction in the block that its provider shows at that height at this moment. */
export interface IncludedTransaction {
  readonly status: 'failed' | 'succeeded'
  readonly block: BlockHeader
  /** The chain's own word for what went wrong, such as `OUT_OF_ENERGY`; null where it has none. */
  readonly outcome: string | null
  /** In the order of its logs; empty when it failed. Native coins are none. */
  readonly movements: readonly TokenMovement[]
}

/** `unknown`: never seen, dropped, or not here yet. `pending`: seen, and in no block that is known in full. */
export type TransactionReport = { readonly status: 'unknown' | 'pending' } | IncludedTransaction

/** A report, and the names of the providers that give it: of all that were asked, where none has it in a block. */
export interface TransactionAnswer {
  readonly report: TransactionReport
  readonly providers: readonly string[]
}

/**
 * What people want to know of one transaction, beside the port that the daemon lives by: nothing of it is
 * recorded, and no deposit rests on it. Failures throw `SourceError`.
 */
export interface TransactionSource {
  transaction(txHash: Hex): Promise<TransactionAnswer>
}

export function isIncluded(report: TransactionReport): report is IncludedTransaction {
  return report.status === 'failed' || report.status === 'succeeded'
}
