import type { Hex } from '../lib/hex.ts'
import type { Address, RailId } from './chain.ts'
import type { Deposit } from './deposit.ts'

/** A token movement that a log of the rail's own contract proves. Amounts are base units, exact. */
export interface Transfer {
  readonly rail: RailId
  readonly height: number
  readonly blockHash: Hex
  /**
   * The block's timestamp, in Unix milliseconds. Null only in answers of `range` from nodes whose logs carry no
   * `blockTimestamp`: the follower asks for it where it matters, instead of a header for every block.
   */
  readonly blockTimeMs: number | null
  readonly txHash: Hex
  /** Position of the log in its block as this node numbers it. Evidence for people; never part of an identity. */
  readonly logIndex: number
  readonly from: Address
  readonly to: Address
  readonly amount: bigint
}

/** A transfer, and which of the equal transfers within its transaction, in its block, it is. */
export interface NumberedTransfer {
  readonly transfer: Transfer
  readonly ordinal: number
}

/** The transfer of a deposit, in the block it stands in. */
export function transferOf(deposit: Deposit): NumberedTransfer {
  const { rail, height, blockHash, txHash, logIndex, sender, recipient, amount, ordinal } = deposit
  const blockTimeMs = deposit.blockTime.getTime()
  const place = { rail, height, blockHash, blockTimeMs, txHash, logIndex }
  return { transfer: { ...place, from: sender, to: recipient, amount }, ordinal }
}

/**
 * Numbers transfers that one transaction makes several times alike (same token, recipient and amount), in the
 * order of their logs. Only the order within the transaction counts: it survives re-mining, block-wide log
 * indexes do not. `transfers` must hold all of a transaction's transfers to a recipient, or none.
 *
 * Blocks are numbered apart: a transaction stands in one of them, and a provider that shows it in two has not shown
 * two payments.
 */
export function numberEqualTransfers(transfers: readonly Transfer[]): NumberedTransfer[] {
  const counts = new Map<string, number>()
  return transfers
    .toSorted((a, b) => a.height - b.height || a.logIndex - b.logIndex)
    .map((transfer) => {
      const { blockHash, txHash, rail, to, amount } = transfer
      const key = `${blockHash} ${txHash} ${rail} ${to} ${amount}`
      const ordinal = counts.get(key) ?? 0
      counts.set(key, ordinal + 1)
      return { transfer, ordinal }
    })
}

/** Whether transfers hold this one, in its very block. Two nodes may number the logs of one block differently. */
export function showsTransfer(
  transfers: readonly Transfer[],
  { transfer, ordinal }: NumberedTransfer,
): boolean {
  return numberEqualTransfers(transfers).some(
    (other) => other.ordinal === ordinal && isSameMovement(other.transfer, transfer),
  )
}

/** The same for who asks about thousands: the transfers are numbered once, not once for each question. */
export function shownIn(transfers: readonly Transfer[]): (numbered: NumberedTransfer) => boolean {
  const key = ({ transfer, ordinal }: NumberedTransfer) => `${movementOf(transfer)} ${ordinal}`
  const shown = new Set(numberEqualTransfers(transfers).map(key))
  return (numbered) => shown.has(key(numbered))
}

function isSameMovement(a: Transfer, b: Transfer): boolean {
  return movementOf(a) === movementOf(b)
}

function movementOf({ blockHash, rail, txHash, from, to, amount }: Transfer): string {
  return `${blockHash} ${rail} ${txHash} ${from} ${to} ${amount}`
}
