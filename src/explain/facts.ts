import type { Cursor } from '../block/block-store.ts'
import type { DepositRecord } from '../confirmation/deposit-read-store.ts'
import type { PolicyVersion } from '../confirmation/policy-store.ts'
import type { Attempt, Delivery } from '../delivery/delivery.ts'
import type { Endpoint } from '../delivery/endpoint.ts'
import type { BlockHeader } from '../domain/block.ts'
import type { Chain, Codec, Rail } from '../domain/chain.ts'
import type { Sighting } from '../domain/deposit.ts'
import type { Answer } from '../domain/source.ts'
import type { TokenMovement, TransactionAnswer } from '../domain/transaction.ts'
import type { Hex } from '../lib/hex.ts'
import type { DepositAddress } from '../match/address-store.ts'
import type { Rescan } from '../match/rescan-store.ts'
import type { RecordedEvent } from '../outbox/feed-store.ts'

/** What a chain's providers say at this moment. */
export interface Live {
  readonly transaction: Answer<TransactionAnswer>
  readonly head: Answer<BlockHeader>
  readonly finalized: Answer<BlockHeader | null>
}

/** Where settled itself stands with a chain, and who of its parts is at work. */
export interface Standing {
  readonly cursor: Cursor | null
  readonly rescans: readonly Rescan[]
  /** Whether somebody holds the lease: follows the chain, numbers events, sends them. */
  readonly isFollowed: boolean
  readonly isPublished: boolean
  readonly isDelivered: boolean
}

/** What a chain is to an explanation: reviewed facts, and how many may be asked. */
export interface Ground {
  readonly chain: Chain
  readonly codec: Codec
  readonly rails: readonly Rail[]
  /** Null where this process was not told. */
  readonly providers: number | null
}

/** All that is on record of one deposit. */
export interface Recorded {
  readonly deposit: DepositRecord
  readonly sightings: readonly Sighting[]
  readonly events: readonly RecordedEvent[]
  readonly deliveries: readonly DeliveryFacts[]
  /** All of the environment's. */
  readonly endpoints: readonly Endpoint[]
}

export interface DeliveryFacts extends Delivery {
  readonly lastAttempt: Attempt | null
}

/** What one payment is explained from: a movement of a transaction, as one environment may see it. */
export interface PaymentFacts {
  readonly now: Date
  readonly ground: Ground
  readonly standing: Standing
  readonly txHash: Hex
  readonly live: Live
  /** Slugs of other chains on which the transaction was found. */
  readonly foundOn: readonly string[]
  /** What our view holds at the height the transaction is at; null where it holds nothing there. */
  readonly heldHash: Hex | null
  /** Null for an operator whose question concerns no environment yet. */
  readonly environment: string | null
  /** The movement in question; null while there is none to speak of. */
  readonly movement: TokenMovement | null
  /** The rail whose pinned contract moved; null: another contract, or none. */
  readonly rail: Rail | null
  readonly isRailEnabled: boolean
  readonly registration: DepositAddress | null
  /** The same bytes on other rails. */
  readonly elsewhere: readonly DepositAddress[]
  readonly policy: PolicyVersion | null
  readonly recorded: Recorded | null
}

/** What a registered address is explained from. */
export interface AddressFacts {
  readonly now: Date
  readonly ground: Ground
  readonly standing: Standing
  readonly rail: Rail
  readonly registration: DepositAddress
  readonly policy: PolicyVersion | null
  /** Newest first. */
  readonly deposits: readonly DepositRecord[]
  /** There are more than these. */
  readonly hasMore: boolean
}
