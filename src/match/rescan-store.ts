import { sql, type Selectable } from 'kysely'
import type { ChainId } from '../domain/chain.ts'
import type { Db, Tx } from '../store/database.ts'
import type { Tables } from '../store/tables.ts'

/** A deliberate re-read of blocks, both ends inclusive, and how far it has come. */
export interface Rescan {
  readonly id: number
  readonly chainId: ChainId
  readonly from: number
  readonly to: number
  readonly next: number
  readonly reason: string
  readonly requestedAt: Date
  readonly finishedAt: Date | null
}

/** The oldest rescan of a chain that is not finished. */
export async function oldestRescan(db: Db, chainId: ChainId): Promise<Rescan | null> {
  const [first] = await openRescans(db, chainId, 1)
  return first ?? null
}

export async function openRescans(db: Db, chainId: ChainId, limit: number): Promise<Rescan[]> {
  const rows = await db
    .selectFrom('rescan')
    .selectAll()
    .where('chain_id', '=', chainId)
    .where('finished_at', 'is', null)
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(toRescan)
}

/** Of all chains, finished ones too, the newest first. */
export async function listRescans(db: Db, limit: number): Promise<Rescan[]> {
  const rows = await db
    .selectFrom('rescan')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  return rows.map(toRescan)
}

export interface RescanRequest {
  readonly chainId: ChainId
  readonly from: number
  readonly to: number
  readonly reason: string
  readonly now: Date
}

/**
 * Asks for a deliberate re-read of blocks, both ends inclusive; returns whether that took a new rescan. One under
 * way that will still come to them serves as well, for it is matched against the addresses of the moment each
 * block is applied; one that has not begun is extended. So a chain has two open rescans at most, however many
 * registrations ask for history.
 */
export async function requestRescan(tx: Tx, request: RescanRequest): Promise<boolean> {
  const { chainId, from, to, reason, now } = request
  const served = await sql`
    update rescan set
      from_height = case when covers then from_height else least(from_height, ${from}) end,
      next_height = case when covers then next_height else least(next_height, ${from}) end,
      to_height = case when covers then to_height else greatest(to_height, ${to}) end
    from (
      select id as open_id, next_height <= ${from} and to_height >= ${to} as covers from rescan
      where chain_id = ${chainId} and finished_at is null
        and (next_height = from_height or (next_height <= ${from} and to_height >= ${to}))
      order by covers desc, id
      limit 1
      for update
    ) open
    where id = open_id`.execute(tx)
  if (served.numAffectedRows === 1n) return false
  await tx
    .insertInto('rescan')
    .values({
      chain_id: chainId,
      from_height: from,
      to_height: to,
      next_height: from,
      reason,
      requested_at: now,
      finished_at: null,
    })
    .execute()
  return true
}

/**
 * Remembers that everything below `next` is done; past the end the rescan is finished. False, and nothing
 * written, if it no longer stands where it was read: it has been extended meanwhile.
 */
export async function advanceRescan(
  tx: Tx,
  rescan: Rescan,
  next: number,
  now: Date,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('rescan')
    .set({ next_height: next, finished_at: next > rescan.to ? now : null })
    .where('id', '=', rescan.id)
    .where('next_height', '=', rescan.next)
    .where('to_height', '=', rescan.to)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Unfinished rescans of each chain that has any. */
export async function countOpenRescans(db: Db): Promise<ReadonlyMap<ChainId, number>> {
  const rows = await db
    .selectFrom('rescan')
    .select((eb) => ['chain_id', eb.fn.countAll<number>().as('count')])
    .where('finished_at', 'is', null)
    .groupBy('chain_id')
    .execute()
  return new Map(rows.map((row) => [row.chain_id, row.count]))
}

function toRescan(row: Selectable<Tables['rescan']>): Rescan {
  return {
    id: row.id,
    chainId: row.chain_id,
    from: row.from_height,
    to: row.to_height,
    next: row.next_height,
    reason: row.reason,
    requestedAt: row.requested_at,
    finishedAt: row.finished_at,
  }
}
