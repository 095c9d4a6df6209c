import type { Hex } from '../lib/hex.ts'
import type { BlockHeader, BlockRef } from './block.ts'
import type { Address, RailId } from './chain.ts'
import type { Transfer } from './transfer.ts'

/** What a token's contract logged about itself: no money moves by it, and yet it bears on deposits. */
export interface TokenNotice {
  readonly rail: RailId
  readonly what:
    | 'deprecated'
    | 'paused'
    | 'unpaused'
    | 'fees'
    | 'blacklisted'
    | 'unblacklisted'
    | 'destroyed'
  readonly height: number
  readonly blockHash: Hex
  readonly blockTimeMs: number
  readonly txHash: Hex
  readonly logIndex: number
  /** Whom it concerns: an address on the blacklist, or the contract that takes over; null for the rest. */
  readonly address: Address | null
  /** What was destroyed, or the fee in basis points; null for the rest. */
  readonly value: bigint | null
}

/** What one provider says of a stretch of finalized history: linked blocks, and all that counts in them. */
export interface Account {
  readonly headers: readonly [BlockHeader, ...BlockHeader[]]
  /** Each in one of these very blocks, with its time. */
  readonly transfers: readonly Transfer[]
  readonly notices: readonly TokenNotice[]
}

/**
 * Whether all that a block's header commits to was seen. `match`: these are all its transfers, whoever served
 * them. `mismatch`: what was served is not what the block holds. `unavailable`: it cannot be told.
 */
export type Proof =
  | { readonly outcome: 'match'; readonly transfers: readonly Transfer[] }
  | { readonly outcome: 'mismatch' | 'unavailable'; readonly detail: string }

/** Whose balance is asked for. */
export interface Holder {
  readonly rail: RailId
  readonly address: Address
}

/** What one provider says that addresses hold, all of them in the state of one block. */
export interface Balances {
  /** Final by this provider's own word. */
  readonly block: BlockRef
  /** The state that was read may be that of a block as many blocks above or below; 0: it is this very block's. */
  readonly spread: number
  /** One for each who was asked about, in that order; null where it could not be told. */
  readonly amounts: readonly (bigint | null)[]
}

/**
 * The second look at a chain: each provider is asked by name, and nobody stands in for it. No deposit rests on one
 * provider's account alone. Failures throw `SourceError`.
 */
export interface AuditSource {
  /** Names, in the operator's order. */
  readonly providers: readonly string[]
  /** From `from` to at most `to`, both inclusive; one block at least. */
  account(provider: string, from: number, to: number): Promise<Account>
  /** Rebuilds what the header of this very block commits to from what the provider serves. */
  prove(provider: string, block: BlockRef): Promise<Proof>
  /** The newest final balances; null where the provider cannot tell any. */
  balances(provider: string, holders: readonly Holder[]): Promise<Balances | null>
}
