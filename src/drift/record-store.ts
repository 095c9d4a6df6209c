import { sql } from 'kysely'
import type { Account } from '../domain/audit.ts'
import type { Chain, ChainId, Rail, RailId } from '../domain/chain.ts'
import type { Deposit, DepositId } from '../domain/deposit.ts'
import { depositId } from '../domain/id.ts'
import type { Match } from '../domain/match.ts'
import { numberEqualTransfers, type Transfer } from '../domain/transfer.ts'
import { isDust } from '../confirmation/policy.ts'
import { policyHistory, type PolicyVersion } from '../confirmation/policy-store.ts'
import { depositsById, selectDeposits, toDeposit } from '../confirmation/deposit-store.ts'
import { ALIVE_STATES, isAlive } from '../confirmation/deposit.ts'
import { required } from '../lib/assert.ts'
import { toHex } from '../lib/hex.ts'
import type { DepositAddress } from '../match/address-store.ts'
import { findRegistered } from '../match/match-store.ts'
import { matchTransfers } from '../match/matcher.ts'
import { openRescans } from '../match/rescan-store.ts'
import type { Tx } from '../store/database.ts'
import type { Expected, Records } from './compare.ts'

/** A chain has two open rescans at most. */
const RESCANS_MAX = 10

export interface Subject {
  readonly chain: Chain
  readonly rails: ReadonlyMap<RailId, Rail>
}

/**
 * What we have on record of the stretch that an account covers. Each query sees what is committed by then, and a
 * registration commits its addresses with their rescan: read first, each of these has its rescan seen as open, or its
 * deposits, which are read last.
 */
export async function readRecords(tx: Tx, subject: Subject, account: Account): Promise<Records> {
  const { chain } = subject
  const from = account.headers[0].height
  const to = from + account.headers.length - 1
  const { blocks, times } = await heldBlocks(tx, chain, from, to)
  const deposits = await standingDeposits(tx, chain, from, to)
  const addresses = await findRegistered(tx, account.transfers)
  const pending = await pendingHeights(tx, chain, account)
  const transfers = account.transfers.filter(({ height }) => !pending.has(height))
  const { expected, uncertain } = await expectedOf(tx, subject, { transfers, addresses })
  const known = await depositsById(
    tx,
    expected.map(({ id }) => id),
  )
  const recorded = new Map([...known].filter(([, { state }]) => isAlive(state)))
  return { blocks, times, deposits, expected, recorded, pending, uncertain }
}

async function heldBlocks(
  tx: Tx,
  { id }: Chain,
  from: number,
  to: number,
): Promise<Pick<Records, 'blocks' | 'times'>> {
  const rows = await tx
    .selectFrom('block')
    .select(['height', 'hash', 'block_time'])
    .where('chain_id', '=', id)
    .where('height', '>=', from)
    .where('height', '<=', to)
    .where('disconnected_at', 'is', null)
    .execute()
  return {
    blocks: new Map(rows.map(({ height, hash }) => [height, toHex(hash)])),
    times: new Map(rows.map(({ hash, block_time }) => [toHex(hash), block_time])),
  }
}

async function standingDeposits(
  tx: Tx,
  { id }: Chain,
  from: number,
  to: number,
): Promise<Deposit[]> {
  const rows = await selectDeposits(tx)
    .where('d.chain_id', '=', id)
    .where('d.height', '>=', from)
    .where('d.height', '<=', to)
    .where('d.state', 'in', ALIVE_STATES)
    .orderBy('d.height')
    .orderBy('d.id')
    .execute()
  return rows.map(toDeposit)
}

/**
 * Heights that an open rescan has yet to read: they are its business. Once it is finished, the audit goes back to
 * where it began.
 */
async function pendingHeights(
  tx: Tx,
  { id }: Chain,
  { headers }: Account,
): Promise<ReadonlySet<number>> {
  const rescans = await openRescans(tx, id, RESCANS_MAX)
  const heights = headers.map(({ height }) => height)
  return new Set(
    heights.filter((height) => rescans.some(({ next, to }) => next <= height && height <= to)),
  )
}

interface Candidates {
  readonly transfers: readonly Transfer[]
  readonly addresses: readonly DepositAddress[]
}

/** What transfers ought to have become by now, and of which that cannot be told. */
async function expectedOf(
  tx: Tx,
  { rails }: Subject,
  { transfers, addresses }: Candidates,
): Promise<{ readonly expected: Expected[]; readonly uncertain: ReadonlySet<DepositId> }> {
  const histories = new Map<string, readonly PolicyVersion[]>()
  const expected: Expected[] = []
  const uncertain = new Set<DepositId>()
  for (const match of matchTransfers(numberEqualTransfers(transfers), addresses, 'revisit')) {
    const { environment, transfer } = match
    const rail = required(rails.get(transfer.rail), `${transfer.rail} is a rail of this chain`)
    const key = `${environment} ${rail.id}`
    const history = histories.get(key) ?? (await policyHistory(tx, environment, rail))
    histories.set(key, history)
    const id = idOf(match, rail)
    if (await mayBeDust(tx, match, history)) uncertain.add(id)
    else expected.push({ id, match })
  }
  return { expected, uncertain }
}

/**
 * Whether any version between the transfer and the time it was read would call it dust. It was judged by one of
 * them; a backfill reads long after the block. What was raised later says nothing about it.
 */
async function mayBeDust(
  tx: Tx,
  { chainId, transfer }: Match,
  history: readonly PolicyVersion[],
): Promise<boolean> {
  const at = new Date(required(transfer.blockTimeMs, 'an account times its transfers'))
  const before = history.find(({ createdAt }) => createdAt <= at)
  const drops = (version: PolicyVersion): boolean => isDust(version.policy, transfer.amount)
  if (before !== undefined && drops(before)) return true
  const since = history.filter((version) => version.createdAt > at && drops(version))
  if (since.length === 0) return false
  const readBy = await lastReadBy(tx, chainId, transfer.height)
  return since.some(({ createdAt }) => readBy === null || createdAt <= readBy)
}

/**
 * When a height had been read for certain, by rescans as well; null if that is not known. Blocks connect upwards, so
 * the lowest that is still held above a forgotten one was connected after it.
 */
async function lastReadBy(tx: Tx, chainId: ChainId, height: number): Promise<Date | null> {
  const { rows } = await sql<{ readBy: Date | null }>`
    select greatest(
      (select connected_at from block
       where chain_id = ${chainId} and disconnected_at is null and height >= ${height}
       order by height limit 1),
      (select max(finished_at) from rescan
       where chain_id = ${chainId} and from_height <= ${height} and to_height >= ${height})
    ) as "readBy"`.execute(tx)
  return rows[0]?.readBy ?? null
}

function idOf({ environment, chainId, transfer, ordinal }: Match, { contract }: Rail): DepositId {
  const { txHash, to: recipient, amount } = transfer
  return depositId({ environment, chainId, txHash, contract, recipient, amount, ordinal })
}
