/**
 * When a deposit counts as confirmed. At least one of the two parts is present; with both, both must hold.
 * `confirmations` counts the deposit's own block as 1. `finality` waits for the chain's own word.
 */
export interface Rule {
  readonly confirmations: number | null
  readonly finality: boolean
}

/** One amount band: `upTo` is inclusive and in base units; null on the last band, which has no upper end. */
export interface Band {
  readonly upTo: bigint | null
  readonly rule: Rule
  /** How many providers must show the transfer before it may be confirmed. 1 asks nobody else. */
  readonly providers: number
}

/** A policy as an environment states it for one rail. */
export interface Policy {
  /** Transfers below it are no deposits, in base units; never under the rail's own minimum. */
  readonly minimumAmount: bigint
  /** Ascending by `upTo`, the last one open-ended, so that every amount falls into exactly one. */
  readonly bands: readonly Band[]
  /** What to do when finality stalls. `hold` is the only word: settled never downgrades by itself. */
  readonly onFinalityStall: 'hold'
}

/** The part of a policy version that judges one deposit, recorded on it when it was first detected. */
export interface ResolvedPolicy {
  /** The policy's version for its environment and rail, from 1. */
  readonly version: number
  readonly rule: Rule
  readonly providers: number
}
