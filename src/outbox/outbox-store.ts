import { sql } from 'kysely'
import type { ChainId } from '../domain/chain.ts'
import type { DepositId } from '../domain/deposit.ts'
import type { DepositEvent, EventId, EventType } from '../domain/event.ts'
import { toBytes, toHex, type Hex } from '../lib/hex.ts'
import type { Db, Tx } from '../store/database.ts'

/** An event as its deposit's later events need to know it. */
export interface PastEvent {
  readonly id: EventId
  readonly type: EventType
  readonly blockHash: Hex
}

/** What was said of these deposits so far, each list by version. */
export async function pastEvents(
  tx: Tx,
  ids: readonly DepositId[],
): Promise<Map<DepositId, PastEvent[]>> {
  if (ids.length === 0) return new Map()
  const rows = await tx
    .selectFrom('event')
    .select(['id', 'deposit_id', 'type', 'block_hash'])
    .where(sql<boolean>`deposit_id = any(${ids}::text[])`)
    .orderBy('deposit_id')
    .orderBy('version')
    .execute()
  const past = new Map<DepositId, PastEvent[]>()
  for (const row of rows) {
    const events = past.get(row.deposit_id as DepositId) ?? []
    events.push({
      id: row.id as EventId,
      type: row.type as EventType,
      blockHash: toHex(row.block_hash),
    })
    past.set(row.deposit_id as DepositId, events)
  }
  return past
}

export interface NewEvent extends DepositEvent {
  readonly blockHash: Hex
}

/**
 * Appends events in the transaction that brought them about. They get their numbers from the publisher. The
 * bodies travel as a JSON list: the driver is slow at quoting their many quotes for an array.
 */
export async function appendEvents(
  tx: Tx,
  chainId: ChainId,
  events: readonly NewEvent[],
  now: Date,
): Promise<void> {
  if (events.length === 0) return
  await sql`
    insert into event (chain_id, created_at, id, environment_id, deposit_id, version, type, block_hash, body)
    select ${chainId}, ${now}::timestamptz, id, environment, deposit, version, type, block_hash, body
    from rows from (
      unnest(
        ${events.map((event) => event.id)}::text[], ${events.map((event) => event.environment)}::text[],
        ${events.map((event) => event.depositId)}::text[], ${events.map((event) => event.version)}::int[],
        ${events.map((event) => event.type)}::text[], ${events.map((event) => toBytes(event.blockHash))}::bytea[]),
      json_array_elements_text(${JSON.stringify(events.map((event) => event.body))}::json)
    ) with ordinality as e (id, environment, deposit, version, type, block_hash, body, n)
    order by n`.execute(tx)
}

/** Committed events without a number, in order of insertion, which per deposit is the order of versions. */
export async function unpublishedEvents(tx: Tx, limit: number): Promise<DepositEvent[]> {
  const rows = await tx
    .selectFrom('event')
    .select(['id', 'environment_id', 'deposit_id', 'version', 'type', 'body'])
    .where('seq', 'is', null)
    .orderBy('position')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    id: row.id as EventId,
    environment: row.environment_id,
    depositId: row.deposit_id as DepositId,
    version: row.version,
    type: row.type as EventType,
    body: row.body,
  }))
}

/**
 * Gives the events of one environment the next numbers of its feed, in the order given. The feed's head row is
 * locked until the commit, so that numbers are gap-free and visible in order.
 */
export async function numberEvents(
  tx: Tx,
  environment: string,
  ids: readonly EventId[],
  now: Date,
): Promise<void> {
  await sql`
    with head as (
      insert into feed_head as f (environment_id, seq) values (${environment}, ${ids.length})
      on conflict (environment_id) do update set seq = f.seq + excluded.seq
      returning seq - ${ids.length}::bigint as base
    )
    update event e set seq = head.base + numbered.n, published_at = ${now}
    from head, unnest(${ids}::text[]) with ordinality as numbered (id, n)
    where e.id = numbered.id and e.seq is null`.execute(tx)
}

export interface OutboxBacklog {
  readonly count: number
  readonly oldest: Date | null
}

export async function outboxBacklog(db: Db): Promise<OutboxBacklog> {
  return db
    .selectFrom('event')
    .select((eb) => [eb.fn.countAll<number>().as('count'), eb.fn.min('created_at').as('oldest')])
    .where('seq', 'is', null)
    .executeTakeFirstOrThrow()
}
