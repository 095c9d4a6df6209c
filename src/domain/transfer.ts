import type { Hex } from '../lib/hex.ts'
import type { Address, RailId } from './chain.ts'

/** A token movement that a log of the rail's own contract proves. Amounts are base units, exact. */
export interface Transfer {
  readonly rail: RailId
  readonly height: number
  readonly blockHash: Hex
  /**
   * The block's timestamp, in Unix milliseconds. Null only in answers of `range` from nodes whose logs carry no
   * `blockTimestamp`: the follower asks for it where it matters, instead of a header for every block.
   */
  readonly blockTimeMs: number | null
  readonly txHash: Hex
  /** Position of the log in its block as this node numbers it. Evidence for people; never part of an identity. */
  readonly logIndex: number
  readonly from: Address
  readonly to: Address
  readonly amount: bigint
}
