import type { BlockHeader, BlockRef } from './block.ts'
import type { Hex } from '../lib/hex.ts'
import type { ChainId } from './chain.ts'
import type { DepositId } from './deposit.ts'
import type { Transfer } from './transfer.ts'

/**
 * The things that can happen to our view of a chain. Every one goes through `applyStep` in one transaction.
 *
 * - `connect`: linked blocks on top of the tip: one near the head, a whole range far behind it.
 * - `disconnect`: everything above the common ancestor leaves the view.
 * - `settle`: no block moved, but finality or the evidence behind a deposit did.
 * - `revisit`: blocks already in the view were read again, for addresses registered late or by the second look.
 */
export type Step = ConnectStep | DisconnectStep | SettleStep | RevisitStep

interface StepBase {
  readonly chainId: ChainId
  /** The newest finalized block we could verify, or null while the chain has none. */
  readonly finalized: BlockRef | null
}

export interface ConnectStep extends StepBase {
  readonly kind: 'connect'
  /** First height covered, and the hash its block names as parent: our tip's, unless the view is empty. */
  readonly from: number
  readonly parentHash: Hex
  /** Headers to remember, ascending, the new tip last: all of them live, the tip alone in a backfill. */
  readonly headers: readonly [BlockHeader, ...BlockHeader[]]
  readonly transfers: readonly Transfer[]
}

export interface DisconnectStep extends StepBase {
  readonly kind: 'disconnect'
  /** The new tip. All of ours above it is gone; a person may have agreed to one that the view did not hold. */
  readonly ancestor: BlockHeader
  /** The blocks of the view that leave, from the tip down. */
  readonly blocks: readonly BlockRef[]
}

export interface SettleStep extends StepBase {
  readonly kind: 'settle'
  /** Deposits whose providers have just been asked: judged in this step, however many others are due before them. */
  readonly asked?: readonly DepositId[]
}

export interface RevisitStep extends StepBase {
  readonly kind: 'revisit'
  /** The blocks that were read again one by one, or both ends of a range of finalized history. */
  readonly blocks: readonly BlockRef[]
  readonly transfers: readonly Transfer[]
  /** Deposits that proved to be in these blocks and not in the one they stand in, which they leave. */
  readonly misplaced?: readonly DepositId[]
}

/**
 * What a step had to leave to `settle` steps that follow, because it was too much for one transaction: deposits whose
 * blocks have left, before which nothing may connect, or deposits that are due.
 */
export type Remainder = 'leaving' | 'due' | null

/** The world moved between reading and committing; nothing is wrong, and the step is read again. */
export class StaleStepError extends Error {
  override readonly name = 'StaleStepError'
}
