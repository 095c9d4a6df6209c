import type { Selectable } from 'kysely'
import type { DepositId } from '../domain/deposit.ts'
import type { DepositEvent, EventId, EventType } from '../domain/event.ts'
import { toHex, type Hex } from '../lib/hex.ts'
import type { Db } from '../store/database.ts'
import type { Tables } from '../store/tables.ts'

/** An event as its environment reads it. */
export interface RecordedEvent extends DepositEvent {
  /** Its place in the feed; null for the moment between its commit and its numbering. */
  readonly seq: number | null
  readonly blockHash: Hex
  readonly createdAt: Date
}

export interface NumberedEvent extends RecordedEvent {
  readonly seq: number
}

export interface FeedPage {
  readonly environment: string
  /** The `seq` of the last event the reader has; 0 for none. */
  readonly after: number
  readonly limit: number
}

/**
 * The only order in which anybody may page events: `seq` is given in commit order and has no holes, while
 * `position` and the clock both have some that fill later, behind a reader's back.
 */
export async function readFeed(db: Db, page: FeedPage): Promise<NumberedEvent[]> {
  const { environment, after, limit } = page
  const rows = await db
    .selectFrom('event')
    .selectAll()
    .where('environment_id', '=', environment)
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit)
    .$narrowType<{ seq: number }>()
    .execute()
  return rows.map((row) => ({ ...toEvent(row), seq: row.seq }))
}

export async function findEvent(
  db: Db,
  { environment, id }: { environment: string; id: string },
): Promise<RecordedEvent | null> {
  const row = await db
    .selectFrom('event')
    .selectAll()
    .where('environment_id', '=', environment)
    .where('id', '=', id)
    .executeTakeFirst()
  return row === undefined ? null : toEvent(row)
}

/** A deposit's life, in the order of its versions. */
export async function eventsOfDeposit(db: Db, id: DepositId): Promise<RecordedEvent[]> {
  const rows = await db
    .selectFrom('event')
    .selectAll()
    .where('deposit_id', '=', id)
    .orderBy('version')
    .execute()
  return rows.map(toEvent)
}

function toEvent(row: Selectable<Tables['event']>): RecordedEvent {
  return {
    // The three are written from the types they are read as.
    id: row.id as EventId,
    depositId: row.deposit_id as DepositId,
    type: row.type as EventType,
    environment: row.environment_id,
    version: row.version,
    body: row.body,
    seq: row.seq,
    blockHash: toHex(row.block_hash),
    createdAt: row.created_at,
  }
}
