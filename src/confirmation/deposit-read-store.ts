import type { Selectable } from 'kysely'
import type { BlockRef } from '../domain/block.ts'
import type { Address, ChainId, RailId } from '../domain/chain.ts'
import type { Deposit, DepositId, DepositState, Sighting } from '../domain/deposit.ts'
import { toBytes, toHex, type Hex } from '../lib/hex.ts'
import type { Db } from '../store/database.ts'
import type { Tables } from '../store/tables.ts'
import { selectDeposits, toDeposit } from './deposit-store.ts'
import { ALIVE_STATES } from './deposit.ts'

/** A deposit as people look at it: with the time of each state it has been in last. */
export interface DepositRecord extends Deposit {
  readonly detectedAt: Date
  readonly confirmedAt: Date | null
  readonly finalAt: Date | null
  readonly orphanedAt: Date | null
  readonly reversedAt: Date | null
  readonly updatedAt: Date
  /** Since when the token's issuer lets nobody move what is at its address; null: it does. */
  readonly addressBlacklistedAt: Date | null
}

export interface DepositFilter {
  readonly environment: string
  readonly state?: DepositState | undefined
  readonly rail?: RailId | undefined
  readonly address?: Address | undefined
  readonly chainIds?: readonly ChainId[] | undefined
  readonly owner?: string | undefined
  readonly txHash?: Hex | undefined
  /** Both exclusive. */
  readonly detectedAfter?: Date | undefined
  readonly detectedBefore?: Date | undefined
  /** The last row of the page before. */
  readonly before?: { readonly detectedAt: Date; readonly id: string } | undefined
  readonly limit: number
}

/**
 * Newest first, by the time of first detection, which never changes. Address and owner are looked for among the
 * addresses, which have an index for each; a deposit has its recipient only to be read.
 */
export async function listDeposits(db: Db, filter: DepositFilter): Promise<DepositRecord[]> {
  const { state, rail, address, chainIds, owner, txHash } = filter
  const { detectedAfter, detectedBefore, before } = filter
  let query = records(db, filter.environment)
    .orderBy('d.detected_at', 'desc')
    .orderBy('d.id', 'desc')
    .limit(filter.limit)
  if (state !== undefined) query = query.where('d.state', '=', state)
  if (rail !== undefined) query = query.where('d.rail', '=', rail)
  if (address !== undefined) query = query.where('a.address', '=', toBytes(address))
  if (chainIds !== undefined) query = query.where('d.chain_id', 'in', [...chainIds])
  if (owner !== undefined) query = query.where('a.owner', '=', owner)
  if (txHash !== undefined) query = query.where('d.tx_hash', '=', toBytes(txHash))
  if (detectedAfter !== undefined) query = query.where('d.detected_at', '>', detectedAfter)
  if (detectedBefore !== undefined) query = query.where('d.detected_at', '<', detectedBefore)
  if (before !== undefined) {
    query = query.where((eb) =>
      eb(eb.refTuple('d.detected_at', 'd.id'), '<', eb.tuple(before.detectedAt, before.id)),
    )
  }
  return (await query.execute()).map(toRecord)
}

export async function findDeposit(
  db: Db,
  { environment, id }: { environment: string; id: string },
): Promise<DepositRecord | null> {
  const row = await records(db, environment).where('d.id', '=', id).executeTakeFirst()
  return row === undefined ? null : toRecord(row)
}

/** Every block the deposit was seen in, orphaned ones included, in the order they were seen. */
export async function sightingsOf(db: Db, id: DepositId): Promise<Sighting[]> {
  const rows = await db
    .selectFrom('sighting')
    .selectAll()
    .where('deposit_id', '=', id)
    .orderBy('seen_at')
    .orderBy('block_hash')
    .execute()
  return rows.map((row) => ({
    depositId: id,
    height: row.height,
    blockHash: toHex(row.block_hash),
    blockTime: row.block_time,
    logIndex: row.log_index,
    seenAt: row.seen_at,
    orphanedAt: row.orphaned_at,
  }))
}

export interface DepositTotals {
  readonly environment: string
  readonly rail: RailId
  readonly state: DepositState
  readonly count: number
  readonly amount: bigint
  /** Since when the one that has not changed for longest is in that state. */
  readonly since: Date
}

/** Of the two that are not final an index knows; all others together are nearly the whole table. */
export async function depositTotals(
  db: Db,
  states: readonly DepositState[],
): Promise<DepositTotals[]> {
  const rows = await db
    .selectFrom('deposit')
    .select((eb) => [
      'environment_id as environment',
      'rail',
      'state',
      eb.fn.countAll<number>().as('count'),
      eb.fn.sum<string>('amount').as('amount'),
      eb.fn.min('updated_at').as('since'),
    ])
    .where('state', 'in', [...states])
    .groupBy(['environment_id', 'rail', 'state'])
    .execute()
  return rows.map((row) => ({ ...row, amount: BigInt(row.amount) }))
}

export interface UnfinalAmount {
  readonly rail: RailId
  readonly state: 'detected' | 'confirmed'
  readonly height: number
  readonly amount: bigint
}

/** What stands in each block of a chain and is not final: what a reorg could still take out. */
export async function unfinalAmounts(db: Db, chainId: ChainId): Promise<UnfinalAmount[]> {
  const rows = await db
    .selectFrom('deposit')
    .select((eb) => ['rail', 'state', 'height', eb.fn.sum<string>('amount').as('amount')])
    .where('chain_id', '=', chainId)
    .where('state', 'in', ['detected', 'confirmed'])
    .groupBy(['rail', 'state', 'height'])
    .execute()
  return rows.map(({ rail, state, height, amount }) => ({
    rail,
    state: state === 'detected' ? state : 'confirmed',
    height,
    amount: BigInt(amount),
  }))
}

export interface Stake {
  readonly rail: RailId
  readonly state: DepositState
  readonly deposits: number
  readonly amount: bigint
}

/** What stands above a height and would fall if the chain gave its blocks up; with null, all of it. */
export async function stakesAbove(
  db: Db,
  chainId: ChainId,
  height: number | null,
): Promise<Stake[]> {
  const rows = await db
    .selectFrom('deposit')
    .select((eb) => [
      'rail',
      'state',
      eb.fn.countAll<number>().as('deposits'),
      eb.fn.sum<string>('amount').as('amount'),
    ])
    .where('chain_id', '=', chainId)
    .where('state', 'in', ALIVE_STATES)
    .$if(height !== null, (query) => query.where('height', '>', height))
    .groupBy(['rail', 'state'])
    .orderBy('rail')
    .orderBy('state', 'desc')
    .execute()
  return rows.map((row) => ({ ...row, amount: BigInt(row.amount) }))
}

/** The highest of those deposits, one by one; with null, of all. */
export async function depositsAbove(
  db: Db,
  chainId: ChainId,
  { height, limit }: { readonly height: number | null; readonly limit: number },
): Promise<Deposit[]> {
  const rows = await selectDeposits(db)
    .where('d.chain_id', '=', chainId)
    .where('d.state', 'in', ALIVE_STATES)
    .$if(height !== null, (query) => query.where('d.height', '>', height))
    .orderBy('d.height', 'desc')
    .orderBy('d.id')
    .limit(limit)
    .execute()
  return rows.map(toDeposit)
}

/** The highest block at or below a height in which a deposit stands: of old ones we know no other. */
export async function highestStanding(
  db: Db,
  chainId: ChainId,
  atMost: number,
): Promise<BlockRef | null> {
  const row = await standing(db, chainId)
    .where('height', '<=', atMost)
    .orderBy('height', 'desc')
    .executeTakeFirst()
  return row === undefined ? null : { height: row.height, hash: toHex(row.block_hash) }
}

/** The lowest one above a height. */
export async function lowestStanding(
  db: Db,
  chainId: ChainId,
  above: number,
): Promise<BlockRef | null> {
  const row = await standing(db, chainId)
    .where('height', '>', above)
    .orderBy('height')
    .executeTakeFirst()
  return row === undefined ? null : { height: row.height, hash: toHex(row.block_hash) }
}

function standing(db: Db, chainId: ChainId) {
  return db
    .selectFrom('deposit')
    .select(['height', 'block_hash'])
    .where('chain_id', '=', chainId)
    .where('state', 'in', ALIVE_STATES)
    .limit(1)
}

function records(db: Db, environment: string) {
  return db
    .selectFrom('deposit as d')
    .innerJoin('deposit_address as a', 'a.id', 'd.address_id')
    .selectAll('d')
    .select(['a.owner', 'a.blacklisted_at'])
    .where('d.environment_id', '=', environment)
    .where('a.environment_id', '=', environment)
}

type RecordRow = Selectable<Tables['deposit']> &
  Pick<Selectable<Tables['deposit_address']>, 'owner' | 'blacklisted_at'>

function toRecord(row: RecordRow): DepositRecord {
  return {
    ...toDeposit(row),
    detectedAt: row.detected_at,
    confirmedAt: row.confirmed_at,
    finalAt: row.final_at,
    orphanedAt: row.orphaned_at,
    reversedAt: row.reversed_at,
    updatedAt: row.updated_at,
    addressBlacklistedAt: row.blacklisted_at,
  }
}
