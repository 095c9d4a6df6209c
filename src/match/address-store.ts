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
}

/**
 * Registers a batch and answers in its order. Taking the chain's epoch row puts the whole batch either before a
 * block or after it, never beside it (see the migration): hence the tip read here is the one that was not yet
 * searched for these addresses. Two entries for one address are judged in order: the first one wins.
 */
export async function registerAddresses(tx: Tx, batch: AddressBatch): Promise<Registration[]> {
  if (batch.entries.length === 0) return []
  const epoch = await nextEpoch(tx, batch.chainId)
  const tip = await tipHeight(tx, batch.chainId)
  await insertNew(tx, batch, { epoch, tip })
  const records = await recordsOf(tx, batch)

  const seen = new Set<number>()
  const registrations = batch.entries.map((entry, index): Registration => {
    const found = required(records[index], `${entry.rail} ${entry.address} was inserted or existed`)
    const created = found.epoch === epoch && !seen.has(found.record.id)
    seen.add(found.record.id)
    const { record } = found
    if (created) return { status: 'created', record }
    return { status: record.owner === entry.owner ? 'exists' : 'taken', record }
  })
  await rescanHistory(tx, registrations, { chainId: batch.chainId, tip, now: batch.now })
  return registrations
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

async function tipHeight(tx: Tx, chainId: ChainId): Promise<number> {
  const row = await tx
    .selectFrom('chain_cursor')
    .select('height')
    .where('chain_id', '=', chainId)
    .executeTakeFirst()
  return row?.height ?? -1
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

/** One re-read for the whole batch, from the earliest history that any new address asked for. */
async function rescanHistory(
  tx: Tx,
  registrations: readonly Registration[],
  { chainId, tip, now }: { chainId: ChainId; tip: number; now: Date },
): Promise<void> {
  const starts = registrations
    .filter(({ status }) => status === 'created')
    .map(({ record }) => record.watchFrom ?? Infinity)
  const from = starts.reduce((least, start) => Math.min(least, start), Infinity)
  if (from > tip) return
  await requestRescan(tx, { chainId, from, to: tip, reason: 'late registration', now })
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

export interface AddressFilter {
  readonly environment: string
  readonly rail?: RailId | undefined
  readonly owner?: string | undefined
  readonly address?: Address | undefined
  /** The last id of the page before. */
  readonly beforeId?: number | undefined
  readonly limit: number
}

/** Newest first. */
export async function listAddresses(db: Db, filter: AddressFilter): Promise<DepositAddress[]> {
  const { environment, rail, owner, address, beforeId, limit } = filter
  let query = db
    .selectFrom('deposit_address')
    .selectAll()
    .where('environment_id', '=', environment)
    .orderBy('id', 'desc')
    .limit(limit)
  if (rail !== undefined) query = query.where('rail', '=', rail)
  if (owner !== undefined) query = query.where('owner', '=', owner)
  if (address !== undefined) query = query.where('address', '=', toBytes(address))
  if (beforeId !== undefined) query = query.where('id', '<', beforeId)
  return (await query.execute()).map(toDepositAddress)
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
