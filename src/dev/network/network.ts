import type { ChainFacts } from '../../config/chain-files.ts'
import type { ChainConfig } from '../../config/config.ts'
import type { Address } from '../../domain/chain.ts'
import type { Hex } from '../../lib/hex.ts'

/** How a development chain runs, whatever its family. */
export interface NetworkOptions {
  /** Seconds between blocks; null when they come only from `mine()`. */
  readonly blockSeconds: number | null
  /** How many blocks on top make one irreversible. */
  readonly finalAfter: number
}

export interface Payment {
  readonly to: Address
  readonly amount: bigint
}

/** A transaction that a reorg puts back, and into which of the new blocks (0 is the deepest). */
export interface Kept {
  readonly txHash: Hex
  readonly block: number
}

/** A payment that must never become a deposit, and why. */
export interface SilentPayment {
  readonly title: string
  readonly txHash: Hex
}

/** One chain of a development stack, and what people do on it. */
export interface Network {
  /** As people call it. */
  readonly title: string
  readonly facts: ChainFacts
  /** Where the daemon finds it. */
  readonly settings: Pick<ChainConfig, 'providers' | 'websocketUrl'>
  mine(): Promise<void>
  /** Sends tokens; they arrive with the next block. */
  pay(payment: Payment): Promise<Hex>
  /** Sends what looks like tokens, in every way that this family knows; it arrives with the next block. */
  paySilently(payment: Payment): Promise<SilentPayment[]>
  /** Replaces the newest blocks; of their transactions only the kept ones are mined again. */
  reorg(depth: number, kept: readonly Kept[]): Promise<void>
  headHeight(): Promise<number>
  /** Lines that show a person how to send 25 tokens to an address by hand. */
  explainPayment(address: string): string[]
  stop(): Promise<void>
}
