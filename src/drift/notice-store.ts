import { sql, type Selectable } from 'kysely'
import type { TokenNotice } from '../domain/audit.ts'
import type { Address, ChainId, RailId } from '../domain/chain.ts'
import type { Difference } from '../domain/finding.ts'
import { toBytes, toHex } from '../lib/hex.ts'
import type { Tx } from '../store/database.ts'
import type { Tables } from '../store/tables.ts'

/**
 * Announcements of each kind about one address of a rail that are kept of one provider, the first ones. An address is
 * put on a list once, hardly ever twice; a provider can make up two hundred in each look. Those it showed first are
 * kept and not the newest, so that nothing it makes up later pushes a true one out; and what others show has its own
 * room. The address is on the list by ten as it is by eleven.
 */
const SAME_MAX = 10

/**
 * Announcements about addresses that nobody has registered are kept up to this many for a chain and a provider, and
 * those of one look more. The longest blacklist known, of USDT on TRON, is some ten thousand addresses long; a provider
 * can make up any number. Once it is full, what this provider alone has shown about further such addresses is lost:
 * one that is registered later is not marked by it, and the next announcement about it is the first that counts.
 */
const STRANGERS_MAX = 100_000

/** An announcement that an address is on the blacklist, or off it. */
export interface ListNotice extends TokenNotice {
  readonly what: 'blacklisted' | 'unblacklisted'
  readonly address: Address
  readonly value: null
}

export function isListNotice(notice: TokenNotice): notice is ListNotice {
  return notice.what === 'blacklisted' || notice.what === 'unblacklisted'
}

/** What one provider shows may still be kept. */
export interface Shelf {
  readonly chainId: ChainId
  readonly shownBy: string
  readonly hasRoomForStrangers: boolean
}

export async function shelfOf(tx: Tx, chainId: ChainId, shownBy: string): Promise<Shelf> {
  const { rows } = await sql<{ readonly count: number }>`
    select count(*)::int as count from token_notice n
    where chain_id = ${chainId} and shown_by = ${shownBy} and not exists (
      select from deposit_address a where a.address = n.address and a.rail = n.rail)`.execute(tx)
  return { chainId, shownBy, hasRoomForStrangers: (rows[0]?.count ?? 0) < STRANGERS_MAX }
}

/**
 * Keeps it for addresses that are registered, and for those that will be. One transaction may announce the same thing
 * twice: the later place counts, since another announcement may stand between the two. False where it says nothing:
 * there is no room for it, or a person has dismissed it.
 */
export async function recordNotice(tx: Tx, shelf: Shelf, notice: ListNotice): Promise<boolean> {
  const { chainId, shownBy, hasRoomForStrangers } = shelf
  const { rail, what, height, logIndex } = notice
  const address = toBytes(notice.address)
  const blockHash = toBytes(notice.blockHash)
  const txHash = toBytes(notice.txHash)
  const { rows } = await sql<{ readonly counts: boolean }>`
    insert into token_notice (
      chain_id, rail, address, what, block_hash, tx_hash, height, log_index, block_time, shown_by)
    select ${chainId}, ${rail}, ${address}::bytea, ${what}, ${blockHash}::bytea, ${txHash}::bytea,
      ${height}::bigint, ${logIndex}::int, ${new Date(notice.blockTimeMs)}::timestamptz, ${shownBy}
    where (${hasRoomForStrangers}
        or exists (select from deposit_address where address = ${address}::bytea and rail = ${rail}))
      and (
        select count(*) from token_notice
        where chain_id = ${chainId} and rail = ${rail} and address = ${address}::bytea
          and what = ${what} and shown_by = ${shownBy}
          and (block_hash, tx_hash) <> (${blockHash}::bytea, ${txHash}::bytea)) < ${SAME_MAX}
    on conflict (chain_id, rail, address, what, block_hash, tx_hash) do update
      set log_index = greatest(token_notice.log_index, excluded.log_index)
    returning dismissed_at is null as counts`.execute(tx)
  return rows[0]?.counts ?? false
}

export async function forgetNotice(tx: Tx, chainId: ChainId, notice: ListNotice): Promise<void> {
  await tx
    .deleteFrom('token_notice')
    .where('chain_id', '=', chainId)
    .where('rail', '=', notice.rail)
    .where('address', '=', toBytes(notice.address))
    .where('what', '=', notice.what)
    .where('block_hash', '=', toBytes(notice.blockHash))
    .where('tx_hash', '=', toBytes(notice.txHash))
    .execute()
}

/** Whether an address is on the list by an announcement after this one. */
export async function isListedAfter(
  tx: Tx,
  chainId: ChainId,
  { rail, address, height, logIndex }: ListNotice,
): Promise<boolean> {
  const later = await tx
    .selectFrom('token_notice')
    .select('tx_hash')
    .where('chain_id', '=', chainId)
    .where('rail', '=', rail)
    .where('address', '=', toBytes(address))
    .where('what', '=', 'blacklisted')
    .where('dismissed_at', 'is', null)
    .where(sql<boolean>`(height, log_index) > (${height}::bigint, ${logIndex}::int)`)
    .limit(1)
    .executeTakeFirst()
  return later !== undefined
}

export interface Listed {
  readonly chainId: ChainId
  readonly rail: RailId
  readonly address: Address
}

/**
 * Nothing that was announced so far has put it on the list, whoever watches it: a person says so. The announcements
 * stay on record, or the mark would be back when they are heard again.
 */
export async function dismissListing(tx: Tx, listed: Listed, at: Date): Promise<void> {
  const { chainId, rail, address } = listed
  await tx
    .updateTable('token_notice')
    .set({ dismissed_at: at })
    .where('chain_id', '=', chainId)
    .where('rail', '=', rail)
    .where('address', '=', toBytes(address))
    .where('what', '=', 'blacklisted')
    .where('dismissed_at', 'is', null)
    .execute()
  await tx
    .updateTable('deposit_address')
    .set({ blacklisted_at: null })
    .where('rail', '=', rail)
    .where('address', '=', toBytes(address))
    .execute()
}

/**
 * Takes off record what was announced above a height, and the marks that rest on it. What a person has dismissed stays
 * so: it marks nobody.
 */
export async function forgetNoticesAbove(tx: Tx, chainId: ChainId, height: number): Promise<void> {
  await sql`
    with gone as (
      delete from token_notice
      where chain_id = ${chainId} and height > ${height} and dismissed_at is null
      returning rail, address, what, block_time
    )
    update deposit_address a set blacklisted_at = null from gone
    where gone.what = 'blacklisted' and a.rail = gone.rail and a.address = gone.address
      and a.blacklisted_at = gone.block_time`.execute(tx)
}

/** Announcements on record that took an address off the list, in these blocks. */
export async function removalsIn(
  tx: Tx,
  chainId: ChainId,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<ListNotice[]> {
  const rows = await tx
    .selectFrom('token_notice')
    .selectAll()
    .where('chain_id', '=', chainId)
    .where('what', '=', 'unblacklisted')
    .where('height', '>=', from)
    .where('height', '<=', to)
    .orderBy('height')
    .orderBy('log_index')
    .execute()
  return rows.map(toNotice)
}

/** An address that is marked from now on, or since another time. */
export interface Marked {
  readonly environment: string
  /** What put it on the list. */
  readonly notice: ListNotice
  readonly shownBy: string
}

/**
 * Marks addresses that are on a list by what is on record, and takes the mark from those that are off it. An address
 * is on it since the first announcement that no later one took back and no person dismissed. Marks from before
 * announcements were recorded stay, until one takes them back.
 */
export async function refreshMarks(tx: Tx, chainId: ChainId): Promise<Marked[]> {
  const { rows } = await sql<Selectable<Tables['token_notice']> & { environment_id: string }>`
    with watched as (
      select * from token_notice n
      where chain_id = ${chainId} and exists (
        select from deposit_address a where a.address = n.address and a.rail = n.rail)
    ), freed as (
      select rail, address, max(block_time) as freed_at from watched
      where what = 'unblacklisted' or dismissed_at is not null
      group by rail, address
    ), listed as (
      select distinct on (rail, address) * from watched n
      where what = 'blacklisted' and dismissed_at is null and not exists (
        select from watched back
        where back.rail = n.rail and back.address = n.address and back.what = 'unblacklisted'
          and (back.height, back.log_index) > (n.height, n.log_index))
      order by rail, address, height, log_index
    ), changed as (
      update deposit_address a set blacklisted_at = t.block_time
      from (select rail, address, block_time, freed_at
            from listed full join freed using (rail, address)) t
      where a.rail = t.rail and a.address = t.address
        and a.blacklisted_at is distinct from t.block_time
        and (t.block_time is not null or a.blacklisted_at <= t.freed_at)
      returning a.environment_id, a.rail, a.address
    )
    select listed.*, changed.environment_id from changed join listed using (rail, address)
    order by height, log_index, environment_id`.execute(tx)
  return rows.map((row) => ({
    environment: row.environment_id,
    notice: toNotice(row),
    shownBy: row.shown_by,
  }))
}

function toNotice(row: Selectable<Tables['token_notice']>): ListNotice {
  return {
    rail: row.rail,
    what: row.what,
    height: row.height,
    blockHash: toHex(row.block_hash),
    blockTimeMs: row.block_time.getTime(),
    txHash: toHex(row.tx_hash),
    logIndex: row.log_index,
    address: toHex(row.address),
    value: null,
  }
}

export interface TakenBack {
  readonly kind: 'token_paused' | 'address_blacklisted'
  readonly rail: RailId
  readonly height: number
  /** As findings name it: an address, or the rail. */
  readonly subject: string
}

/** Whether it is found already that this address is on the list. */
export async function isFoundListed(tx: Tx, difference: Difference): Promise<boolean> {
  const { chainId, rail, subject, environment } = difference
  const standing = await tx
    .selectFrom('finding')
    .select('id')
    .where('chain_id', '=', chainId)
    .where('kind', '=', 'address_blacklisted')
    .where('rail', '=', rail)
    .where('subject', '=', subject)
    .where('environment_id', '=', environment)
    .where('state', '<>', 'resolved')
    .limit(1)
    .executeTakeFirst()
  return standing !== undefined
}

/** Ids of findings that a later notice of the same token takes back. */
export async function takenBack(tx: Tx, chainId: ChainId, back: TakenBack): Promise<string[]> {
  const rows = await tx
    .selectFrom('finding')
    .select('id')
    .where('chain_id', '=', chainId)
    .where('kind', '=', back.kind)
    .where('rail', '=', back.rail)
    .where('subject', '=', back.subject)
    .where('height', '<=', back.height)
    .where('state', '<>', 'resolved')
    .orderBy('id')
    .execute()
  return rows.map(({ id }) => id)
}
