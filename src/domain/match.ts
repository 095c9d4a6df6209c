import type { ChainId } from './chain.ts'
import type { Transfer } from './transfer.ts'

/** A transfer to a registered address, in a block of our view. */
export interface Match {
  readonly environment: string
  readonly chainId: ChainId
  readonly addressId: number
  readonly owner: string
  readonly transfer: Transfer
  /** Which of equal transfers (same token, recipient and amount) within its transaction, from 0. */
  readonly ordinal: number
}
