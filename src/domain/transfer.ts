import type { Hex } from '../lib/hex.ts'
import type { Address, RailId } from './chain.ts'

/** A token movement that a log of the rail's own contract proves. Amounts are base units, exact. */
export interface Transfer {
  readonly rail: RailId
  readonly height: number
  readonly blockHash: Hex
  readonly txHash: Hex
  /** Position of the log in its block as this node numbers it. Evidence for people; never part of an identity. */
  readonly logIndex: number
  readonly from: Address
  readonly to: Address
  readonly amount: bigint
}
