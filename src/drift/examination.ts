import { isMovable } from '../confirmation/deposit.ts'
import type { Account, TokenNotice } from '../domain/audit.ts'
import type { BlockRef } from '../domain/block.ts'
import type { Codec } from '../domain/chain.ts'
import type { Deposit } from '../domain/deposit.ts'
import type { Difference, Finding, FindingId } from '../domain/finding.ts'
import { numberEqualTransfers, transferOf, type Transfer } from '../domain/transfer.ts'
import type { Env } from '../lib/env.ts'
import type { Hex } from '../lib/hex.ts'
import type { Db } from '../store/database.ts'
import { boundJudged, boundNotices, REREAD_KINDS, type Bounded } from './bounds.ts'
import { AGREEING, compare, type Discrepancy, type Expected, type Records } from './compare.ts'
import {
  cutNotices,
  missedTransfer,
  movedTransfer,
  omissions,
  partedBlock,
  unshownDeposit,
  type LeftOut,
  type Scene,
} from './difference.ts'
import { standingAt } from './finding-read-store.ts'
import { Inquiry } from './inquiry.ts'
import { removalsIn, type ListNotice } from './notice-store.ts'
import { proveSample, type ProofDeps } from './proof-sample.ts'
import { readRecords, type Subject } from './record-store.ts'

/** What stops a rail, or takes an alarm back: no single provider's word does either. */
const NEEDS_A_SECOND: ReadonlySet<TokenNotice['what']> = new Set([
  'deprecated',
  'unpaused',
  'unblacklisted',
])

/** Two looks at a block are further apart. */
const LOOK_MS = 1_000

export interface ExaminationDeps extends Subject, ProofDeps {
  readonly codec: Codec
  readonly db: Db
  readonly env: Env
}

export interface Stretch {
  readonly provider: string
  readonly from: number
  readonly to: number
  /** Every block of it is proven, where that can be done. */
  readonly isProven?: boolean
}

/** A transfer that ought to be a deposit in its block, and what the pipeline needs to make it one. */
export interface Cure {
  readonly difference: Difference
  readonly expected: Expected
  readonly block: BlockRef
  /** The transfer and its equals within its transaction before it. */
  readonly transfers: readonly Transfer[]
  /** It is a deposit already, in a block that is not its own. */
  readonly isMove: boolean
}

interface Cures {
  /** To be healed now. */
  readonly proven: Cure[]
  /** Shown by one alone: healed only if a person vouches for it. */
  readonly disputed: Cure[]
}

/** What one look could tell. Findings about anything else are left as they are: silence resolves nothing. */
export interface Judged {
  /** Heights at which our records name a block to compare with. */
  readonly blocks: ReadonlySet<number>
  /** Heights at which the transfers shown were compared with what is on record. */
  readonly transfers: ReadonlySet<number>
  /** Deposits of which it could not be told all the same whether they ought to be on record. */
  readonly uncertain: ReadonlySet<string>
  /** Deposits that were shown, and are on record. */
  readonly recorded: ReadonlySet<string>
  /** What would have been found had these receipts not matched. */
  readonly receipts: ReadonlySet<FindingId>
}

export interface HeardNotice {
  readonly notice: TokenNotice
  /** One provider's word is enough for it, or two have given theirs. */
  readonly isConfirmed: boolean
}

export interface Announced {
  /** In the order of the chain. */
  readonly heard: readonly HeardNotice[]
  /** On record, and vouched for no longer: their addresses are still on the list. */
  readonly withdrawn: readonly ListNotice[]
}

export interface Examined extends Cures {
  readonly account: Account
  readonly notices: Announced
  readonly differences: readonly Difference[]
  /** What differs as well, of which nobody was asked since there is so much of it. */
  readonly unjudged: readonly LeftOut[]
  readonly judged: Judged
}

/** Reads a stretch from one provider, compares it with our records, and asks everybody about what differs. */
export async function examine(deps: ExaminationDeps, stretch: Stretch): Promise<Examined> {
  const { audit, db, chain, codec } = deps
  const { provider, from, to } = stretch
  const scene: Scene = { chain, codec, provider }
  const told = await audit.account(provider, from, to)
  const {
    account,
    differences: unproven,
    matched,
  } = await proveSample(deps, scene, {
    account: told,
    isProven: stretch.isProven ?? false,
  })
  const heard = { provider, from, to: from + account.headers.length - 1 }
  const { records, removals, standing } = await db.transaction().execute(async (tx) => ({
    records: await readRecords(tx, deps, account),
    removals: await removalsIn(tx, chain.id, heard),
    standing: await standingAt(tx, chain.id, heard, REREAD_KINDS),
  }))
  const inquiry = new Inquiry(audit, { provider, account }, deps.onProof)
  const found: Found = { differences: [...unproven], proven: [], disputed: [] }
  const shown = timed(account.transfers, records)
  const discrepancies = compare(account, records)
  const { taken: toJudge, left: unjudged } = withinReach(discrepancies, standing, deps.env)
  for (const one of toJudge) {
    await judge(one, found, { inquiry, records, shown, scene })
  }
  const { differences } = found
  // On another branch a token may say what it likes.
  const apart = apartIn(discrepancies)
  const isOurs = ({ height }: TokenNotice): boolean => !apart.has(height)
  const { taken, left } = boundNotices(account.notices.filter(isOurs))
  differences.push(...cutNotices(left, scene))
  const notices = {
    heard: await hearNotices(inquiry, taken),
    withdrawn: await unconfirmed(inquiry, removals.filter(isOurs)),
  }
  const judged = { ...judgedBy(account, records, discrepancies), receipts: matched }
  return { account, notices, judged, unjudged: unjudged.map(leftOut), ...found }
}

/** All that is on record, so that nothing of it is called gone for not being looked at. */
function withinReach(
  discrepancies: readonly Discrepancy[],
  standing: readonly Finding[],
  { clock }: Env,
): Bounded<Discrepancy> {
  const onRecord = new Set(standing.map(({ depositId }) => depositId))
  const isKnown = (one: Discrepancy): boolean =>
    one.what === 'block' || onRecord.has(one.what === 'extra' ? one.deposit.id : one.expected.id)
  const known = discrepancies.filter(isKnown)
  const fresh = discrepancies.filter((one) => !isKnown(one))
  const look = Math.floor(clock.now().getTime() / LOOK_MS)
  const { taken, left } = boundJudged(fresh, { known: known.length, look })
  return { taken: [...known, ...taken], left }
}

function leftOut(one: Discrepancy): LeftOut {
  const { height } = one.what === 'block' ? one.ours : blockOf(one)
  return { kind: 'unjudged', height }
}

interface Found extends Cures {
  readonly differences: Difference[]
}

interface Judging {
  readonly inquiry: Inquiry
  readonly records: Records
  /** What the account shows, by its transactions. */
  readonly shown: ReadonlyMap<Hex, readonly Transfer[]>
  readonly scene: Scene
}

/** Asks everybody about one discrepancy, and adds what came of it to what was found. */
async function judge(one: Discrepancy, found: Found, judging: Judging): Promise<void> {
  const { inquiry, records, shown, scene } = judging
  if (one.what === 'block') {
    found.differences.push(partedBlock(one, scene))
    return
  }
  const block = blockOf(one)
  const isHeld = isHeldIn(records, block)
  const numbered = one.what === 'extra' ? transferOf(one.deposit) : one.expected.match
  const { hearing, proven } = await inquiry.about(block, numbered, isHeld)
  if (one.what === 'extra') {
    found.differences.push(unshownDeposit(one, hearing, scene))
    return
  }
  const { what, expected } = one
  const difference =
    what === 'moved' ? movedTransfer(one, hearing, scene) : missedTransfer(one, hearing, scene)
  found.differences.push(difference)
  const { verdict } = hearing
  const { txHash } = expected.match.transfer
  const transfers = equalsUpTo(expected, proven ?? shown.get(txHash) ?? [])
  const cure: Cure = { difference, expected, block, transfers, isMove: what === 'moved' }
  if (what === 'moved') {
    if (verdict === 'proven' && (await isMisplaced(one.deposit, judging))) found.proven.push(cure)
    return
  }
  if (verdict === 'refuted') return
  found[verdict].push(cure)
  if (verdict === 'proven') found.differences.push(...omissions(one, hearing, scene))
}

/**
 * Whether a deposit whose transfer is proven to be in another block may be moved there. Of a final one a person
 * decides; and where its own block is vouched for as well, nobody can tell, and it would go to and fro. Who cannot be
 * heard about that block may vouch for it as much as not.
 */
async function isMisplaced(deposit: Deposit, { inquiry, records }: Judging): Promise<boolean> {
  if (!isMovable(deposit.state)) return false
  const block = { height: deposit.height, hash: deposit.blockHash }
  const isHeld = isHeldIn(records, block)
  const { verdict, testimonies } = (await inquiry.about(block, transferOf(deposit), isHeld)).hearing
  if (verdict !== 'disputed') return verdict === 'refuted'
  const vouching = Object.values(testimonies).filter(
    (said) => said === 'shows' || said === 'silent',
  )
  return vouching.length < AGREEING
}

function isHeldIn({ blocks }: Records, { height, hash }: BlockRef): boolean {
  return blocks.get(height) === hash
}

async function unconfirmed(
  inquiry: Inquiry,
  removals: readonly ListNotice[],
): Promise<ListNotice[]> {
  const withdrawn: ListNotice[] = []
  for (const removal of removals) {
    if (await inquiry.retracts(removal)) withdrawn.push(removal)
  }
  return withdrawn
}

async function hearNotices(
  inquiry: Inquiry,
  notices: readonly TokenNotice[],
): Promise<HeardNotice[]> {
  const heard: HeardNotice[] = []
  for (const notice of notices) {
    const isConfirmed = !NEEDS_A_SECOND.has(notice.what) || (await inquiry.confirms(notice))
    heard.push({ notice, isConfirmed })
  }
  return heard
}

function apartIn(discrepancies: readonly Discrepancy[]): ReadonlySet<number> {
  return new Set(discrepancies.flatMap((one) => (one.what === 'block' ? [one.ours.height] : [])))
}

function judgedBy(
  { headers }: Account,
  { blocks, deposits, pending, uncertain, recorded }: Records,
  discrepancies: readonly Discrepancy[],
): Omit<Judged, 'receipts'> {
  const apart = apartIn(discrepancies)
  const heights = headers.map(({ height }) => height)
  const transfers = heights.filter((height) => !apart.has(height) && !pending.has(height))
  const known = [...blocks.keys(), ...deposits.map(({ height }) => height)]
  return {
    blocks: new Set(known),
    transfers: new Set(transfers),
    uncertain,
    recorded: new Set(recorded.keys()),
  }
}

function blockOf(one: Exclude<Discrepancy, { what: 'block' }>): BlockRef {
  const { height, blockHash: hash } =
    one.what === 'extra' ? one.deposit : one.expected.match.transfer
  return { height, hash }
}

/** By their transactions. One provider's clock is not asked where our view holds the block. */
function timed(
  transfers: readonly Transfer[],
  { times }: Records,
): ReadonlyMap<Hex, readonly Transfer[]> {
  const ours = transfers.map((transfer) => {
    const blockTimeMs = times.get(transfer.blockHash)?.getTime() ?? transfer.blockTimeMs
    return { ...transfer, blockTimeMs }
  })
  return Map.groupBy(ours, ({ txHash }) => txHash)
}

/** Ordinals count equal transfers of one block from the first on, so those before it come along. */
function equalsUpTo({ match }: Expected, transfers: readonly Transfer[]): Transfer[] {
  const { transfer: wanted, ordinal: last } = match
  const equals = transfers.filter(
    ({ blockHash, txHash, rail, to, amount }) =>
      blockHash === wanted.blockHash &&
      txHash === wanted.txHash &&
      rail === wanted.rail &&
      to === wanted.to &&
      amount === wanted.amount,
  )
  return numberEqualTransfers(equals)
    .filter(({ ordinal }) => ordinal <= last)
    .map(({ transfer }) => transfer)
}
