import type { Account } from '../domain/audit.ts'
import type { BlockHeader, BlockRef } from '../domain/block.ts'
import type { Deposit, DepositId } from '../domain/deposit.ts'
import type { Match } from '../domain/match.ts'
import { shownIn, transferOf, type NumberedTransfer, type Transfer } from '../domain/transfer.ts'
import type { Hex } from '../lib/hex.ts'

/** What we have on record of a stretch of finalized history. */
export interface Records {
  /** The blocks our view holds there. */
  readonly blocks: ReadonlyMap<number, Hex>
  /** When they were made, by their hash. */
  readonly times: ReadonlyMap<Hex, Date>
  /** Deposits that stand in it. */
  readonly deposits: readonly Deposit[]
  /** What the account's transfers ought to have become. */
  readonly expected: readonly Expected[]
  /** Of these, the ones that stand, in whichever block. */
  readonly recorded: ReadonlyMap<DepositId, Deposit>
  /** Heights that an open rescan has yet to read: what ought to be on record there cannot be told. */
  readonly pending: ReadonlySet<number>
  /** Transfers of which it cannot be told, since the policy that judged them may have called them dust. */
  readonly uncertain: ReadonlySet<DepositId>
}

export interface Expected {
  readonly id: DepositId
  readonly match: Match
}

export type Discrepancy =
  | { readonly what: 'block'; readonly ours: BlockRef; readonly theirs: BlockRef }
  | { readonly what: 'missing'; readonly expected: Expected }
  /** It stands on record, in another block. */
  | { readonly what: 'moved'; readonly expected: Expected; readonly deposit: Deposit }
  /** `instead`: what its transaction moved to its recipient in its block, by this account. */
  | { readonly what: 'extra'; readonly deposit: Deposit; readonly instead: readonly Transfer[] }

/**
 * One provider's account against our records. Where it stands on another block than we do, that is the
 * difference, and transfers there are not compared: they are of two histories.
 */
export function compare(account: Account, records: Records): Discrepancy[] {
  const ours = new Map(records.blocks)
  for (const { height, blockHash } of records.deposits) {
    if (!ours.has(height)) ours.set(height, blockHash)
  }
  const parted = account.headers.filter(({ height, hash }) => (ours.get(height) ?? hash) !== hash)
  const apart = new Set(parted.map(({ height }) => height))
  const isComparable = ({ height }: { readonly height: number }): boolean => !apart.has(height)
  return [
    ...parted.map(({ height, hash }) => ({
      what: 'block' as const,
      ours: { height, hash: ours.get(height) ?? hash },
      theirs: { height, hash },
    })),
    ...unrecorded(records).filter(({ expected }) => isComparable(expected.match.transfer)),
    ...extra(account, records).filter(({ deposit }) => isComparable(deposit)),
  ]
}

/** One transaction is in one block, so a deposit that stands in another hides nothing. */
function unrecorded({ expected, recorded }: Records) {
  return expected.flatMap((one) => {
    const deposit = recorded.get(one.id)
    if (deposit === undefined) return { what: 'missing' as const, expected: one }
    const isHere = deposit.blockHash === one.match.transfer.blockHash
    return isHere ? [] : { what: 'moved' as const, expected: one, deposit }
  })
}

function extra({ transfers }: Account, { deposits }: Records) {
  const isShown = shownIn(transfers)
  const byTransaction = Map.groupBy(transfers, ({ txHash }) => txHash)
  return deposits
    .filter((deposit) => !isShown(transferOf(deposit)))
    .map((deposit) => ({
      what: 'extra' as const,
      deposit,
      instead: (byTransaction.get(deposit.txHash) ?? []).filter(
        ({ blockHash, rail, to }) =>
          blockHash === deposit.blockHash && rail === deposit.rail && to === deposit.recipient,
      ),
    }))
}

/** What one provider says of one transfer in one block. */
export type Testimony = 'shows' | 'lacks' | 'other_block' | 'silent'

/** An account about which many questions are asked. */
export interface Witness {
  readonly account: Account
  readonly isShown: (numbered: NumberedTransfer) => boolean
}

export function witnessOf(account: Account): Witness {
  return { account, isShown: shownIn(account.transfers) }
}

/** `witness`: null where the provider could not be heard. */
export function testify(
  witness: Witness | null,
  block: BlockRef,
  numbered: NumberedTransfer,
): Testimony {
  if (witness === null) return 'silent'
  if (headerAt(witness.account, block.height)?.hash !== block.hash) return 'other_block'
  return witness.isShown(numbered) ? 'shows' : 'lacks'
}

interface Witnessed {
  readonly testimonies: readonly Testimony[]
  /** What the block itself commits to, where that could be told. */
  readonly proof: 'shows' | 'lacks' | null
}

/** Two providers that agree; a policy may ask for more, and then the witness loop does. */
export const AGREEING = 2

/**
 * Whether a transfer is in its block. The block's own commitment decides; without it two providers that show it
 * do. What one alone shows stays disputed, whoever that is.
 */
export function judgeTransfer({
  testimonies,
  proof,
}: Witnessed): 'proven' | 'refuted' | 'disputed' {
  if (proof !== null) return proof === 'shows' ? 'proven' : 'refuted'
  const showing = testimonies.filter((testimony) => testimony === 'shows')
  return showing.length >= AGREEING ? 'proven' : 'disputed'
}

export function headerAt({ headers }: Account, height: number): BlockHeader | undefined {
  return headers[height - headers[0].height]
}
