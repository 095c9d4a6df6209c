import type { Address } from '../../../domain/chain.ts'

/** What one token contract stores. */
export interface TokenState {
  readonly owner: Address
  totalSupply: bigint
  paused: boolean
  basisPointsRate: bigint
  maximumFee: bigint
  /** Where calls go after `deprecate`. */
  successor: Address | null
  /** The deprecated token whose forwarded calls are obeyed. */
  readonly legacy: Address | null
  readonly balances: Map<Address, bigint>
  /** By `owner spender`. */
  readonly allowances: Map<string, bigint>
  readonly blacklist: Set<Address>
}

/**
 * Everything a block's transactions can change. A block owns the ledger as it is after it and nobody changes that
 * one again: each transaction works on a copy, so a failed one leaves no trace and every branch has its own.
 */
export interface Ledger {
  readonly tokens: Map<Address, TokenState>
  /** In sun. An account exists once it is in here. */
  readonly trx: Map<Address, bigint>
  readonly trc10: Map<Address, bigint>
  /** Bytes of the free bandwidth that an account has used up; it never grows back here. */
  readonly bandwidth: Map<Address, number>
}

export function copyLedger(ledger: Ledger): Ledger {
  return structuredClone(ledger)
}
