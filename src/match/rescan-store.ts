import type { Selectable } from 'kysely'
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

/** Remembers that everything below `next` is done; past the end the rescan is finished. */
export async function advanceRescan(
  tx: Tx,
  rescan: Rescan,
  next: number,
  now: Date,
): Promise<void> {
  await tx
    .updateTable('rescan')
    .set({ next_height: next, finished_at: next > rescan.to ? now : null })
    .where('id', '=', rescan.id)
    .execute()
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
