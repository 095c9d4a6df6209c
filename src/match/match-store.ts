import { sql } from 'kysely'
import type { Address, ChainId, RailId } from '../domain/chain.ts'
import { required } from '../lib/assert.ts'
import { toBytes } from '../lib/hex.ts'
import type { Db, Tx } from '../store/database.ts'
import { toDepositAddress, type AddressRow, type DepositAddress } from './address-store.ts'

/**
 * Holds registrations of this chain off until the commit and returns the epoch of the last one, 0 if there was
 * none yet. Every registration is thus either before the step (and seen by it) or after it.
 */
export async function lockEpoch(tx: Tx, chainId: ChainId): Promise<number> {
  const epoch = await shareEpoch(tx, chainId)
  if (epoch !== null) return epoch
  // Once per chain. Without a row there would be nothing to hold a first registration off with.
  await sql`
    insert into address_epoch (chain_id, epoch) values (${chainId}, 0) on conflict do nothing`.execute(
    tx,
  )
  return required(await shareEpoch(tx, chainId), `${chainId} has its epoch row`)
}

async function shareEpoch(tx: Tx, chainId: ChainId): Promise<number | null> {
  const { rows } = await sql<{ epoch: number }>`
    select epoch from address_epoch where chain_id = ${chainId} for share`.execute(tx)
  return rows[0]?.epoch ?? null
}

/** The epoch of the last committed registration, without holding anything. */
export async function readEpoch(db: Db, chainId: ChainId): Promise<number> {
  const row = await db
    .selectFrom('address_epoch')
    .select('epoch')
    .where('chain_id', '=', chainId)
    .executeTakeFirst()
  return row?.epoch ?? 0
}

/** Addresses registered after `epoch`, in pages by id: enough to keep a filter up to date. */
export async function addressesSince(
  db: Db,
  chainId: ChainId,
  page: { readonly epoch: number; readonly afterId: number; readonly limit: number },
): Promise<{ readonly id: number; readonly key: string }[]> {
  const { rows } = await sql<{ id: number; key: string }>`
    select id, encode(address, 'hex') as key from deposit_address
    where chain_id = ${chainId} and epoch > ${page.epoch} and id > ${page.afterId}
    order by id
    limit ${page.limit}`.execute(db)
  return rows
}

export async function countAddresses(db: Db, chainId: ChainId): Promise<number> {
  const row = await db
    .selectFrom('deposit_address')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('chain_id', '=', chainId)
    .executeTakeFirstOrThrow()
  return row.count
}

/**
 * The registered addresses among `wanted`, of all environments. The exact answer behind the filter's "perhaps". One
 * from before the chain's first block is shown as registered right below it: its owner asked for nothing older.
 */
export async function findRegistered(
  tx: Tx,
  wanted: readonly { readonly rail: RailId; readonly to: Address }[],
): Promise<DepositAddress[]> {
  if (wanted.length === 0) return []
  const { rows } = await sql<AddressRow & { below_start: number | null }>`
    select a.*, (select start_height - 1 from chain_cursor c where c.chain_id = a.chain_id) as below_start
    from deposit_address a
    where (a.address, a.rail) in (
      select * from unnest(
        ${wanted.map((item) => toBytes(item.to))}::bytea[], ${wanted.map((item) => item.rail)}::text[]))`.execute(
    tx,
  )
  return rows.map(({ below_start: belowStart, ...row }) =>
    toDepositAddress({
      ...row,
      registered_height: Math.max(row.registered_height, belowStart ?? -1),
    }),
  )
}

/** Rails of a chain that an environment has enabled and that are not among `rails`. */
export async function unknownRails(
  tx: Tx,
  slug: string,
  rails: readonly RailId[],
): Promise<RailId[]> {
  const { rows } = await sql<{ rail: RailId }>`
    select distinct rail from environment_rail
    where split_part(rail, '/', 1) = ${slug} and rail <> all(${rails}::text[])
    order by rail`.execute(tx)
  return rows.map((row) => row.rail)
}
