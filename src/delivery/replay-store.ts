import { sql } from 'kysely'
import { AppError } from '../domain/error.ts'
import type { Db } from '../store/database.ts'
import { getEndpoint } from './endpoint-store.ts'

/** Events per replay by range; a longer one is asked for in pieces. */
export const REPLAY_MAX = 10_000

/** Which deliveries to send again. All under the ids they always had, so that receivers can tell. */
export type Replay =
  | { readonly deliveryId: number }
  | { readonly eventId: string }
  | { readonly endpointId: string; readonly fromSeq: number; readonly toSeq: number }

/**
 * Starts a new round of attempts at once and says for how many deliveries. The attempts made so far stay on
 * record. Order per deposit holds among the replayed ones as among any others.
 */
export function replay(db: Db, environment: string, what: Replay, now: Date): Promise<number> {
  if ('deliveryId' in what) return restart(db, environment, sql`d.id = ${what.deliveryId}`, now)
  if ('eventId' in what) return restart(db, environment, sql`d.event_id = ${what.eventId}`, now)
  return replayRange(db, environment, what, now)
}

/** An endpoint that said 410 would never get them. */
export async function refuseGone(db: Db, environment: string, endpointId: string): Promise<void> {
  const endpoint = await getEndpoint(db, environment, endpointId)
  if (endpoint === null) throw new AppError('not_found', `there is no endpoint ${endpointId}`)
  if (endpoint.state !== 'gone') return
  throw new AppError(
    'invalid_request',
    `endpoint: ${endpointId} answered 410 Gone; enable it first`,
  )
}

async function restart(
  db: Db,
  environment: string,
  which: ReturnType<typeof sql>,
  now: Date,
): Promise<number> {
  const { numAffectedRows } = await sql`
    update delivery d set state = 'pending', attempts = 0, next_attempt_at = ${now}, settled_at = null
    from endpoint p
    where ${which} and d.environment_id = ${environment}
      and p.id = d.endpoint_id and p.state <> 'gone'`.execute(db)
  return Number(numAffectedRows)
}

/**
 * A range of the feed, both ends inclusive. It also creates deliveries that never were, because the endpoint is
 * younger than the event or was switched off at the time: that is how a receiver catches up.
 */
async function replayRange(
  db: Db,
  environment: string,
  range: { readonly endpointId: string; readonly fromSeq: number; readonly toSeq: number },
  now: Date,
): Promise<number> {
  const { endpointId, fromSeq, toSeq } = range
  if (toSeq - fromSeq >= REPLAY_MAX) {
    throw new AppError('invalid_request', `to_seq: at most ${REPLAY_MAX} events at once; split it`)
  }
  const { numAffectedRows } = await sql`
    insert into delivery
      (endpoint_id, event_id, environment_id, deposit_id, version, state, next_attempt_at, created_at)
    select p.id, e.id, e.environment_id, e.deposit_id, e.version, 'pending', ${now}, ${now}
    from endpoint p
    join event e on e.environment_id = p.environment_id and e.seq between ${fromSeq} and ${toSeq}
    where p.id = ${endpointId} and p.environment_id = ${environment} and p.state <> 'gone'
      and (p.event_types is null or e.type = any (p.event_types))
    order by e.seq
    on conflict (endpoint_id, event_id) do update set
      state = 'pending', attempts = 0, next_attempt_at = excluded.next_attempt_at, settled_at = null
  `.execute(db)
  return Number(numAffectedRows)
}
