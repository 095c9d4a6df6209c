import type { Hex } from '../lib/hex.ts'
import type { Address, ChainId, RailId } from './chain.ts'
import type { ResolvedPolicy } from './policy.ts'

export type DepositId = `dep_${string}`
export const DEPOSIT_STATES = ['detected', 'confirmed', 'final', 'orphaned', 'reversed'] as const
export type DepositState = (typeof DEPOSIT_STATES)[number]

/** The logical inbound movement, stable across re-mining. Its block fields are those of its latest sighting. */
export interface Deposit {
  readonly id: DepositId
  readonly environment: string
  readonly chainId: ChainId
  readonly rail: RailId
  readonly addressId: number
  /** Whom the environment registered the address for; copied into every event. */
  readonly owner: string
  readonly txHash: Hex
  /** Which of equal transfers (same token, recipient and amount) within its transaction, from 0. */
  readonly ordinal: number
  readonly sender: Address
  readonly recipient: Address
  readonly amount: bigint
  readonly state: DepositState
  /** Grows by one with every event; a consumer drops what is older than what it has. */
  readonly version: number
  readonly height: number
  readonly blockHash: Hex
  readonly blockTime: Date
  readonly logIndex: number
  readonly policy: ResolvedPolicy
  /** Providers that were seen to show the current sighting, the first one included. */
  readonly witnesses: number
}

/** A matched transfer in one particular block. Kept when the block is orphaned: evidence is never deleted. */
export interface Sighting {
  readonly depositId: DepositId
  readonly height: number
  readonly blockHash: Hex
  readonly blockTime: Date
  readonly logIndex: number
  readonly seenAt: Date
  readonly orphanedAt: Date | null
}
