import { sql, type Selectable } from 'kysely'
import type { Db } from '../store/database.ts'
import type { Tables } from '../store/tables.ts'
import { FAILURES_TO_OPEN } from './breaker.ts'
import type { Attempt, Delivery, DeliveryState } from './delivery.ts'
import type { OutcomeKind } from './sink.ts'

/** Attempts shown of one delivery, newest first: ten per round, so twenty rounds. */
const ATTEMPTS_MAX = 200

export interface DeliveryFilter {
  readonly endpointId?: string
  readonly eventId?: string
  readonly eventIds?: readonly string[]
  readonly depositId?: string
  /** `dead` is the dead letter box. */
  readonly state?: DeliveryState
}

/** Newest first; `before` is the last id of the page before. */
export async function listDeliveries(
  db: Db,
  environment: string,
  filter: DeliveryFilter,
  page: { readonly before: number | null; readonly limit: number },
): Promise<Delivery[]> {
  const { endpointId, eventId, eventIds, depositId, state } = filter
  let query = db.selectFrom('delivery').selectAll().where('environment_id', '=', environment)
  if (endpointId !== undefined) query = query.where('endpoint_id', '=', endpointId)
  if (eventId !== undefined) query = query.where('event_id', '=', eventId)
  if (eventIds !== undefined) {
    query = query.where((eb) => eb('event_id', '=', eb.fn.any(eb.val([...eventIds]))))
  }
  if (depositId !== undefined) query = query.where('deposit_id', '=', depositId)
  if (state !== undefined) query = query.where('state', '=', state)
  if (page.before !== null) query = query.where('id', '<', page.before)
  const rows = await query.orderBy('id', 'desc').limit(page.limit).execute()
  return rows.map(fromRow)
}

export async function getDelivery(
  db: Db,
  environment: string,
  id: number,
): Promise<Delivery | null> {
  const row = await db
    .selectFrom('delivery')
    .selectAll()
    .where('environment_id', '=', environment)
    .where('id', '=', id)
    .executeTakeFirst()
  return row === undefined ? null : fromRow(row)
}

/** Newest first. The caller has made sure that the delivery is its environment's own. */
export async function listAttempts(db: Db, deliveryId: number): Promise<Attempt[]> {
  const rows = await db
    .selectFrom('attempt')
    .selectAll()
    .where('delivery_id', '=', deliveryId)
    .orderBy('number', 'desc')
    .limit(ATTEMPTS_MAX)
    .execute()
  return rows.map(toAttempt)
}

export function toAttempt(row: Selectable<Tables['attempt']>): Attempt {
  return {
    number: row.number,
    kind: row.outcome as OutcomeKind,
    startedAt: row.started_at,
    durationMs: row.duration_ms,
    status: row.status,
    response: row.response,
    error: row.error,
  }
}

export interface Backlog {
  readonly environment: string
  readonly pending: number
  readonly oldest: Date
}

/** What waits, per environment, for the gauges. */
export async function backlog(db: Db): Promise<Backlog[]> {
  const { rows } = await sql<Backlog>`
    select environment_id as environment, count(*) as pending, min(created_at) as oldest
    from delivery where state = 'pending'
    group by environment_id order by environment_id`.execute(db)
  return rows
}

export interface FailingEndpoints {
  readonly environment: string
  readonly failing: number
}

/** How many endpoints have failed as often in a row as opens a breaker, per environment that has endpoints. */
export async function failingEndpoints(db: Db): Promise<FailingEndpoints[]> {
  const { rows } = await sql<FailingEndpoints>`
    select environment_id as environment, count(*) filter (where failures >= ${FAILURES_TO_OPEN}) as failing
    from endpoint where state = 'enabled'
    group by environment_id order by environment_id`.execute(db)
  return rows
}

function fromRow(row: Selectable<Tables['delivery']>): Delivery {
  return {
    id: row.id,
    environment: row.environment_id,
    endpointId: row.endpoint_id,
    eventId: row.event_id,
    depositId: row.deposit_id,
    version: row.version,
    state: row.state,
    attempts: row.attempts,
    attemptsTotal: row.attempts_total,
    nextAttemptAt: row.next_attempt_at,
    createdAt: row.created_at,
    settledAt: row.settled_at,
  }
}
