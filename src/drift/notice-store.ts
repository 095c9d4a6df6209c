import { sql, type Selectable } from 'kysely'
import type { TokenNotice } from '../domain/audit.ts'
import type { Address, ChainId, RailId } from '../domain/chain.ts'
import { toBytes, toHex } from '../lib/hex.ts'
import type { Tx } from '../store/database.ts'
import type { Tables } from '../store/tables.ts'

/**
 * Announcements about addresses that nobody has registered are kept up to this many for a chain. The longest blacklist
 * known, of USDT on TRON, is some ten thousand addresses long; a provider can make up any number.
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

/** Keeps it for addresses that are registered, and for those that will be. One that is known stays as it is. */
export async function recordNotice(
  tx: Tx,
  chainId: ChainId,
  notice: ListNotice,
  shownBy: string,
): Promise<void> {
  const { rail, what, height, logIndex } = notice
  const address = toBytes(notice.address)
  await sql`
    insert into token_notice (
      chain_id, rail, address, what, block_hash, tx_hash, height, log_index, block_time, shown_by)
    select ${chainId}, ${rail}, ${address}::bytea, ${what}, ${toBytes(notice.blockHash)}::bytea,
      ${toBytes(notice.txHash)}::bytea, ${height}::bigint, ${logIndex}::int,
      ${new Date(notice.blockTimeMs)}::timestamptz, ${shownBy}
    where exists (select from deposit_address where address = ${address}::bytea and rail = ${rail})
      or (select count(*) from token_notice where chain_id = ${chainId}) < ${STRANGERS_MAX}
    on conflict do nothing`.execute(tx)
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
 * is on it since the first announcement that no later one took back. Marks from before announcements were recorded
 * stay, until one takes them back.
 */
export async function refreshMarks(tx: Tx, chainId: ChainId): Promise<Marked[]> {
  const { rows } = await sql<Selectable<Tables['token_notice']> & { environment_id: string }>`
    with freed as (
      select rail, address, max(block_time) as freed_at from token_notice
      where chain_id = ${chainId} and what = 'unblacklisted'
      group by rail, address
    ), listed as (
      select distinct on (rail, address) * from token_notice n
      where chain_id = ${chainId} and what = 'blacklisted' and not exists (
        select from token_notice back
        where back.chain_id = n.chain_id and back.rail = n.rail and back.address = n.address
          and back.what = 'unblacklisted'
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
