import type { Place } from '../../confirmation/deposit.ts'
import type { ChainId, RailId } from '../../domain/chain.ts'
import { DEPOSIT_STATES, type DepositId, type DepositState } from '../../domain/deposit.ts'
import type { EventId, EventType } from '../../domain/event.ts'
import type { Hex } from '../../lib/hex.ts'

/** A deposit that passed from one state to the next: one event, and the transfer it is about. */
export interface Movement {
  readonly event: EventId
  readonly type: EventType
  readonly at: Date
  readonly environment: string
  readonly chainId: ChainId
  readonly rail: RailId
  readonly deposit: DepositId
  readonly version: number
  /** The event before it; null for the first, and where it is missing. */
  readonly previous: EventType | null
  readonly amount: bigint
  readonly txHash: Hex
  readonly blockHash: Hex
  /** Where in that block the transfer was seen; null where no sighting is on record. */
  readonly place: Place | null
}

/** A movement, and the bytes that were signed, sent and fed. */
export interface ToldMovement extends Movement {
  readonly body: string
}

export function stateAfter(type: EventType): DepositState {
  const state = DEPOSIT_STATES.find((one) => type === `deposit.${one}`)
  if (state === undefined) throw new Error(`${type} leads to no state`)
  return state
}
