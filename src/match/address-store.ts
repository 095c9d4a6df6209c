import { sql } from 'kysely'
import type { Address, ChainId, RailId } from '../domain/chain.ts'
import { required } from '../lib/assert.ts'
import { toBytes, toHex } from '../lib/hex.ts'
import type { Db, Tx } from '../store/database.ts'
import { requestRescan } from './rescan-store.ts'

/** An address an environment gave out to one of its customers, on one rail. */
export interface DepositAddress {
  readonly id: number
  readonly environment: string
  readonly chainId: ChainId
  readonly rail: RailId
  readonly address: Address
  readonly owner: string
  /** First height of the history the owner asked for; null: from registration on. */
  readonly watchFrom: number | null
  /** Our tip when it was registered; −1 before the first block. */
  readonly registeredHeight: number
  readonly registeredAt: Date
}

export interface AddressEntry {
  readonly rail: RailId
  readonly address: Address
  readonly owner: string
  readonly watchFrom?: number | null
}

export interface AddressBatch {
  readonly environment: string
  readonly chainId: ChainId
  readonly now: Date
  /** All on rails of this chain, which the environment has enabled. */
  readonly entries: readonly AddressEntry[]
}

/** `exists`: the same owner registered it before. `taken`: another owner of this environment did. */
export interface Registration {
  readonly status: 'created' | 'exists' | 'taken'
  readonly record: DepositAddress
  /** It existed, and is searched for from an earlier height than before. */
  readonly widened: boolean
}

/**
 * Registers a batch and answers in its order. Taking the chain's epoch row puts the whole batch either before a
 * block or after it, never beside it (see the migration): hence the tip read here is the one that was not yet
 * searched for these addresses. Two entries for one address are judged in order: the first one wins. Its owner
 * may ask for an earlier start at any later time: the stretch that is missing is read then.
 */
export async function registerAddresses(tx: Tx, batch: AddressBatch): Promise<Registration[]> {
  if (batch.entries.length === 0) return []
  const epoch = await nextEpoch(tx, batch.chainId)
  const view = await heights(tx, batch.chainId)
  await insertNew(tx, batch, { epoch, tip: view.tip })
  const records = await recordsOf(tx, batch)

  const seen = new Set<number>()
  const found = batch.entries.map((entry, index): Omit<Registration, 'widened'> => {
    const { record, epoch: since } = required(
      records[index],
      `${entry.rail} ${entry.address} was inserted or existed`,
    )
    const created = since === epoch && !seen.has(record.id)
    seen.add(record.id)
    if (created) return { status: 'created', record }
    return { status: record.owner === entry.owner ? 'exists' : 'taken', record }
  })
  const starts = earlierStarts(batch.entries, found, view)
  await saveStarts(tx, starts)
  await readHistory(tx, found, { batch, starts, view })
  return found.map(({ status, record }) => {
    const watchFrom = starts.get(record.id) ?? record.watchFrom
    const widened = status === 'exists' && starts.has(record.id)
    return { status, record: { ...record, watchFrom }, widened }
  })
}

/** Locks the chain's row until the commit; a block is applied under a shared lock on it. */
async function nextEpoch(tx: Tx, chainId: ChainId): Promise<number> {
  const { epoch } = await tx
    .insertInto('address_epoch')
    .values({ chain_id: chainId, epoch: 1 })
    .onConflict((conflict) =>
      conflict.column('chain_id').doUpdateSet((old) => ({
        epoch: old('address_epoch.epoch', '+', 1),
      })),
    )
    .returning('epoch')
    .executeTakeFirstOrThrow()
  return epoch
}

/** What our view has of a chain. */
interface Heights {
  /** −1 before the first block. */
  readonly tip: number
  /** Infinity before the first block. */
  readonly start: number
}

async function heights(tx: Tx, chainId: ChainId): Promise<Heights> {
  const row = await tx
    .selectFrom('chain_cursor')
    .select(['height as tip', 'start_height as start'])
    .where('chain_id', '=', chainId)
    .executeTakeFirst()
  return row ?? { tip: -1, start: Infinity }
}

interface Moment {
  readonly epoch: number
  readonly tip: number
}

async function insertNew(tx: Tx, batch: AddressBatch, { epoch, tip }: Moment): Promise<void> {
  const { environment, chainId, now, entries } = batch
  await sql`
    insert into deposit_address
      (environment_id, chain_id, rail, address, owner, watch_from, registered_height, epoch, registered_at)
    select distinct on (rail, address)
      ${environment}, ${chainId}, rail, address, owner, watch_from, ${tip}::bigint, ${epoch}::bigint, ${now}::timestamptz
    from unnest(
      ${entries.map((entry) => entry.rail)}::text[],
      ${entries.map((entry) => toBytes(entry.address))}::bytea[],
      ${entries.map((entry) => entry.owner)}::text[],
      ${entries.map((entry) => entry.watchFrom ?? null)}::bigint[]
    ) with ordinality as entry (rail, address, owner, watch_from, n)
    order by rail, address, n
    on conflict (environment_id, rail, address) do nothing`.execute(tx)
}

export interface AddressRow {
  id: number
  environment_id: string
  chain_id: string
  rail: string
  address: Buffer
  owner: string
  watch_from: number | null
  registered_height: number
  registered_at: Date
}

async function recordsOf(
  tx: Tx,
  { environment, entries }: AddressBatch,
): Promise<{ record: DepositAddress; epoch: number }[]> {
  const { rows } = await sql<AddressRow & { epoch: number }>`
    select a.*
    from unnest(
      ${entries.map((entry) => entry.rail)}::text[],
      ${entries.map((entry) => toBytes(entry.address))}::bytea[]
    ) with ordinality as entry (rail, address, n)
    join deposit_address a
      on a.environment_id = ${environment} and a.rail = entry.rail and a.address = entry.address
    order by entry.n`.execute(tx)
  return rows.map((row) => ({ record: toDepositAddress(row), epoch: row.epoch }))
}

type Found = Pick<Registration, 'status' | 'record'>

/** By id of the address: the start that its owner asks for, where it lies before the one that is promised. */
function earlierStarts(
  entries: readonly AddressEntry[],
  found: readonly Found[],
  { start: first }: Heights,
): ReadonlyMap<number, number> {
  const starts = new Map<number, number>()
  for (const [index, { status, record }] of found.entries()) {
    const asked = entries[index]?.watchFrom ?? Infinity
    const start = starts.get(record.id) ?? watchedFrom(record, first)
    if (status !== 'taken' && asked < start) starts.set(record.id, asked)
  }
  return starts
}

async function saveStarts(tx: Tx, starts: ReadonlyMap<number, number>): Promise<void> {
  if (starts.size === 0) return
  await sql`
    update deposit_address set watch_from = start
    from unnest(${[...starts.keys()]}::bigint[], ${[...starts.values()]}::bigint[]) as earlier (address_id, start)
    where id = address_id`.execute(tx)
}

interface History {
  readonly batch: AddressBatch
  readonly starts: ReadonlyMap<number, number>
  readonly view: Heights
}

/** One re-read for the whole batch, from the first block that was not yet searched for one of it to the last. */
async function readHistory(
  tx: Tx,
  found: readonly Found[],
  { batch: { chainId, now }, starts, view: { tip, start: first } }: History,
): Promise<void> {
  let from = Infinity
  let to = -1
  for (const { status, record } of found) {
    const isNew = status === 'created'
    const start = starts.get(record.id) ?? (isNew ? record.watchFrom : null)
    const end = isNew ? tip : Math.min(tip, watchedFrom(record, first) - 1)
    if (start === null || start > end) continue
    from = Math.min(from, start)
    to = Math.max(to, end)
  }
  if (from > to) return
  await requestRescan(tx, { chainId, from, to, reason: 'late registration', now })
}

/**
 * The first height of which a transfer to the address counts, once it is read. One from before the chain's first block
 * is watched from that block on; give Infinity while nobody knows which that will be.
 */
export function watchedFrom(
  { watchFrom, registeredHeight }: DepositAddress,
  firstBlock: number,
): number {
  const since = registeredHeight < 0 ? firstBlock : registeredHeight + 1
  return Math.min(watchFrom ?? Infinity, since)
}

export async function findAddress(
  db: Db,
  { environment, id }: { environment: string; id: number },
): Promise<DepositAddress | null> {
  const row = await db
    .selectFrom('deposit_address')
    .selectAll()
    .where('environment_id', '=', environment)
    .where('id', '=', id)
    .executeTakeFirst()
  return row === undefined ? null : toDepositAddress(row)
}

export interface AddressSearch {
  readonly environment: string
  readonly rail?: RailId | undefined
  readonly owner?: string | undefined
  readonly address?: Address | undefined
  readonly chainIds?: readonly ChainId[] | undefined
  /** The last id of the page before. */
  readonly beforeId?: number | undefined
  readonly limit: number
}

/** Newest first. */
export async function listAddresses(db: Db, search: AddressSearch): Promise<DepositAddress[]> {
  const { environment, rail, owner, address, chainIds, beforeId, limit } = search
  let query = db
    .selectFrom('deposit_address')
    .selectAll()
    .where('environment_id', '=', environment)
    .orderBy('id', 'desc')
    .limit(limit)
  if (rail !== undefined) query = query.where('rail', '=', rail)
  if (owner !== undefined) query = query.where('owner', '=', owner)
  if (address !== undefined) query = query.where('address', '=', toBytes(address))
  if (chainIds !== undefined) query = query.where('chain_id', 'in', [...chainIds])
  if (beforeId !== undefined) query = query.where('id', '<', beforeId)
  return (await query.execute()).map(toDepositAddress)
}

/** Environments that watch an address on a rail. */
export async function watchersOf(tx: Tx, rail: RailId, address: Address): Promise<string[]> {
  const rows = await tx
    .selectFrom('deposit_address')
    .select('environment_id')
    .where('rail', '=', rail)
    .where('address', '=', toBytes(address))
    .orderBy('environment_id')
    .execute()
  return rows.map((row) => row.environment_id)
}

export function toDepositAddress(row: AddressRow): DepositAddress {
  return {
    id: row.id,
    environment: row.environment_id,
    chainId: row.chain_id,
    rail: row.rail,
    address: toHex(row.address),
    owner: row.owner,
    watchFrom: row.watch_from,
    registeredHeight: row.registered_height,
    registeredAt: row.registered_at,
  }
}
