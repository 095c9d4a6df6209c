import { sql } from 'kysely'
import type { Holder } from '../domain/audit.ts'
import type { ChainId, RailId } from '../domain/chain.ts'
import { toBytes, toHex } from '../lib/hex.ts'
import type { Db, Tx } from '../store/database.ts'
import type { Reading, Window } from './balance-window.ts'

/** Whose windows: each provider's word is held against its own logs. */
export interface Whose {
  readonly chainId: ChainId
  readonly provider: string
}

export async function readWindows(db: Db, { chainId, provider }: Whose): Promise<Window[]> {
  const rows = await db
    .selectFrom('balance_window')
    .selectAll()
    .where('chain_id', '=', chainId)
    .where('provider', '=', provider)
    .orderBy('rail')
    .orderBy('address')
    .execute()
  return rows.map((row) => ({
    holder: { rail: row.rail, address: toHex(row.address) },
    spread: row.spread,
    from: readingOf(row.from_height, row.from_hash, row.from_balance),
    to:
      row.to_height === null || row.to_hash === null || row.to_balance === null
        ? null
        : readingOf(row.to_height, row.to_hash, row.to_balance),
    heard: {
      height: row.heard_height,
      hash: row.heard_hash === null ? null : toHex(row.heard_hash),
    },
    moved: BigInt(row.moved),
    isDoubted: row.doubted,
    checks: row.checks,
    askedAt: row.asked_at,
  }))
}

function readingOf(height: number, hash: Buffer, balance: string): Reading {
  return { block: { height, hash: toHex(hash) }, balance: BigInt(balance) }
}

/** All of a provider's windows move on with each stretch, so they are written as one. */
export async function saveWindows(
  tx: Tx,
  { chainId, provider }: Whose,
  windows: readonly Window[],
): Promise<void> {
  if (windows.length === 0) return
  await sql`
    insert into balance_window
      (chain_id, provider, rail, address, spread, from_height, from_hash, from_balance, to_height, to_hash,
       to_balance, heard_height, heard_hash, moved, doubted, checks, asked_at)
    select ${chainId}, ${provider}, w.* from unnest(
      ${windows.map(({ holder }) => holder.rail)}::text[],
      ${windows.map(({ holder }) => toBytes(holder.address))}::bytea[],
      ${windows.map(({ spread }) => spread)}::int[],
      ${windows.map(({ from }) => from.block.height)}::bigint[],
      ${windows.map(({ from }) => toBytes(from.block.hash))}::bytea[],
      ${windows.map(({ from }) => `${from.balance}`)}::numeric[],
      ${windows.map(({ to }) => to?.block.height ?? null)}::bigint[],
      ${windows.map(({ to }) => (to === null ? null : toBytes(to.block.hash)))}::bytea[],
      ${windows.map(({ to }) => (to === null ? null : `${to.balance}`))}::numeric[],
      ${windows.map(({ heard }) => heard.height)}::bigint[],
      ${windows.map(({ heard }) => (heard.hash === null ? null : toBytes(heard.hash)))}::bytea[],
      ${windows.map(({ moved }) => `${moved}`)}::numeric[],
      ${windows.map(({ isDoubted }) => isDoubted)}::boolean[],
      ${windows.map(({ checks }) => checks)}::bigint[],
      ${windows.map(({ askedAt }) => askedAt)}::timestamptz[]
    ) as w
    on conflict (chain_id, provider, rail, address) do update set
      (spread, from_height, from_hash, from_balance, to_height, to_hash, to_balance, heard_height, heard_hash,
       moved, doubted, checks, asked_at) =
      (excluded.spread, excluded.from_height, excluded.from_hash, excluded.from_balance, excluded.to_height,
       excluded.to_hash, excluded.to_balance, excluded.heard_height, excluded.heard_hash, excluded.moved,
       excluded.doubted, excluded.checks, excluded.asked_at)`.execute(tx)
}

export async function dropWindows(
  tx: Tx,
  { chainId, provider }: Whose,
  holders: readonly Holder[],
): Promise<void> {
  if (holders.length === 0) return
  await sql`
    delete from balance_window w
    using unnest(
      ${holders.map(({ rail }) => rail)}::text[],
      ${holders.map(({ address }) => toBytes(address))}::bytea[]
    ) as gone (rail, address)
    where w.chain_id = ${chainId} and w.provider = ${provider}
      and w.rail = gone.rail and w.address = gone.address`.execute(tx)
}

/** Of those that are no longer a chain's providers. */
export async function dropWindowsOfOthers(
  tx: Tx,
  chainId: ChainId,
  providers: readonly string[],
): Promise<void> {
  await tx
    .deleteFrom('balance_window')
    .where('chain_id', '=', chainId)
    .where('provider', 'not in', [...providers])
    .execute()
}

/** How many findings about a provider's balances stand. */
export async function countDifferences(tx: Tx, { chainId, provider }: Whose): Promise<number> {
  const { count } = await tx
    .selectFrom('finding')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('chain_id', '=', chainId)
    .where('kind', '=', 'balance_differs')
    .where('provider', '=', provider)
    .where('state', '<>', 'resolved')
    .executeTakeFirstOrThrow()
  return count
}

/**
 * The addresses of a chain that were registered last and those that were paid last, in turn, of each half of `limit`
 * at most. Both are read from the end of an index: how many addresses there are does not matter.
 */
export async function liveliestHolders(db: Db, chainId: ChainId, limit: number): Promise<Holder[]> {
  const half = Math.ceil(limit / 2)
  const { rows } = await sql<{ rail: RailId; address: Buffer }>`
    with registered as (
      select rail, address, row_number() over (order by epoch desc, id desc) as place from (
        select id, rail, address, epoch from deposit_address
        where chain_id = ${chainId} order by epoch desc, id desc limit ${half}) as newest
    ), paid as (
      select a.rail, a.address, row_number() over (order by d.height desc, a.id) as place from (
        select address_id, height from deposit
        where chain_id = ${chainId} order by height desc limit ${half}) as d
      join deposit_address a on a.id = d.address_id
    )
    select rail, address from (select * from registered union all select * from paid) as both_ways
    group by rail, address
    order by min(place), rail, address`.execute(db)
  return rows.map(({ rail, address }) => ({ rail, address: toHex(address) }))
}
