import { sql } from 'kysely'
import type { RailId } from '../../domain/chain.ts'
import type { DepositId, DepositState } from '../../domain/deposit.ts'
import type { EventId, EventType } from '../../domain/event.ts'
import { toHex } from '../../lib/hex.ts'
import type { Tx } from '../../store/database.ts'
import type { Standing } from './balance.ts'
import type { Day } from './day.ts'
import { stateAfter, type ToldMovement } from './movement.ts'

/** A day is asked for by a person who waits, and reads every event of the environment once or twice. */
const STATEMENT_TIMEOUT_MS = 600_000

/** Lines that one check names at most; the figures beside it count them all. */
const NAMED_MAX = 1_000

/** Whose day. */
export interface DayOf {
  readonly environment: string
  readonly day: Day
}

export async function allowLongStatements(tx: Tx): Promise<void> {
  await sql`set local statement_timeout = ${sql.lit(STATEMENT_TIMEOUT_MS)}`.execute(tx)
}

/** What stood where before `at`, by the last event of every deposit until then. */
export async function standingsAt(tx: Tx, environment: string, at: Date): Promise<Standing[]> {
  const { rows } = await sql<{ rail: RailId; type: EventType; count: number; sum: string }>`
    with last as (
      select deposit_id, max(version) as version from event
      where environment_id = ${environment} and created_at < ${at}
      group by deposit_id
    )
    select d.rail, e.type, count(*) as count, sum(d.amount) as sum
    from last
    join event e on e.deposit_id = last.deposit_id and e.version = last.version
    join deposit d on d.id = e.deposit_id
    group by d.rail, e.type`.execute(tx)
  return rows.map(({ rail, type, count, sum }) => ({
    rail,
    state: stateAfter(type),
    count,
    sum: BigInt(sum),
  }))
}

/** The day's events with the transfer each is about, in the order in which they were written. */
export async function movementsPage(
  tx: Tx,
  { environment, day }: DayOf,
  page: { readonly after: number; readonly limit: number },
): Promise<{ readonly movements: ToldMovement[]; readonly last: number | null }> {
  const { rows } = await sql<MovementRow>`
    select e.position, e.id, e.type, e.created_at, e.environment_id, e.chain_id, e.version, e.body,
           e.block_hash, e.deposit_id, p.type as previous, d.rail, d.amount, d.tx_hash,
           s.height, s.block_time, s.log_index
    from event e
    join deposit d on d.id = e.deposit_id
    left join event p on p.deposit_id = e.deposit_id and p.version = e.version - 1
    left join sighting s on s.deposit_id = e.deposit_id and s.block_hash = e.block_hash
    where e.environment_id = ${environment} and e.created_at >= ${day.from} and e.created_at < ${day.until}
      and e.position > ${page.after}
    order by e.position
    limit ${page.limit}`.execute(tx)
  return { movements: rows.map(toMovement), last: rows.at(-1)?.position ?? null }
}

interface MovementRow {
  readonly position: number
  readonly id: EventId
  readonly type: EventType
  readonly created_at: Date
  readonly environment_id: string
  readonly chain_id: string
  readonly version: number
  readonly body: string
  readonly block_hash: Buffer
  readonly deposit_id: DepositId
  readonly previous: EventType | null
  readonly rail: RailId
  readonly amount: string
  readonly tx_hash: Buffer
  readonly height: number | null
  readonly block_time: Date | null
  readonly log_index: number | null
}

function toMovement(row: MovementRow): ToldMovement {
  const { height, block_time: blockTime, log_index: logIndex } = row
  const blockHash = toHex(row.block_hash)
  return {
    event: row.id,
    type: row.type,
    at: row.created_at,
    environment: row.environment_id,
    chainId: row.chain_id,
    rail: row.rail,
    deposit: row.deposit_id,
    version: row.version,
    previous: row.previous,
    amount: BigInt(row.amount),
    txHash: toHex(row.tx_hash),
    blockHash,
    place:
      height === null || blockTime === null || logIndex === null
        ? null
        : { height, blockHash, blockTime, logIndex },
    body: row.body,
  }
}

/** The day of the feed. */
export interface FeedDay {
  /** The last number given before the day; 0 for none. */
  readonly before: number
  readonly numbered: number
  /** The last number given before its end. */
  readonly after: number
  /** Written before its end, and without a number then. */
  readonly unnumbered: number
}

export async function feedOf(tx: Tx, { environment, day }: DayOf): Promise<FeedDay> {
  const { rows } = await sql<FeedDay>`
    select coalesce(max(seq) filter (where published_at < ${day.from}), 0) as before,
           count(*) filter (where published_at >= ${day.from} and published_at < ${day.until}) as numbered,
           coalesce(max(seq) filter (where published_at < ${day.until}), 0) as after,
           count(*) filter (where created_at < ${day.until}
             and (published_at is null or published_at >= ${day.until})) as unnumbered
    from event where environment_id = ${environment}`.execute(tx)
  return rows[0] ?? { before: 0, numbered: 0, after: 0, unnumbered: 0 }
}

/** What one endpoint was told of the day's events. */
export interface EndpointDay {
  readonly endpoint: string
  /** Of the day's events those that were given to it before the day's end. */
  readonly deliveries: number
  /** Of these, those that it had acknowledged by then; what an endpoint once acknowledged stays so. */
  readonly acknowledged: number
  readonly attempts: number
  readonly failedAttempts: number
  /** And how they stand now. A replay makes a delivered one pending again. */
  readonly now: { readonly delivered: number; readonly pending: number; readonly dead: number }
}

/** Every endpoint that there was by the day's end. */
export async function endpointsOf(tx: Tx, { environment, day }: DayOf): Promise<EndpointDay[]> {
  const { rows } = await sql<EndpointRow>`
    with told as (
      select d.id, d.endpoint_id, d.state,
             coalesce(a.acknowledged, false) as acknowledged,
             coalesce(a.made, 0) as made, coalesce(a.failed, 0) as failed
      from event e
      join delivery d on d.event_id = e.id and d.created_at < ${day.until}
      left join lateral (
        select bool_or(outcome = 'delivered') as acknowledged, count(*) as made,
               count(*) filter (where outcome <> 'delivered') as failed
        from attempt
        where delivery_id = d.id and started_at + duration_ms * interval '1 millisecond' < ${day.until}
      ) a on true
      where e.environment_id = ${environment} and e.created_at >= ${day.from} and e.created_at < ${day.until}
    )
    select p.id as endpoint, count(told.id) as deliveries,
           count(*) filter (where told.acknowledged) as acknowledged,
           coalesce(sum(told.made), 0)::bigint as attempts,
           coalesce(sum(told.failed), 0)::bigint as failed,
           count(*) filter (where told.state = 'delivered') as delivered,
           count(*) filter (where told.state = 'pending') as pending,
           count(*) filter (where told.state = 'dead') as dead
    from endpoint p left join told on told.endpoint_id = p.id
    where p.environment_id = ${environment} and p.created_at < ${day.until}
    group by p.id
    order by p.id`.execute(tx)
  return rows.map(({ delivered, pending, dead, failed, ...row }) => ({
    ...row,
    failedAttempts: failed,
    now: { delivered, pending, dead },
  }))
}

type EndpointRow = Omit<EndpointDay, 'failedAttempts' | 'now'> &
  EndpointDay['now'] & { readonly failed: number }

/** An event of the day that an endpoint was given and never acknowledged. */
export interface Unacknowledged {
  readonly event: EventId
  readonly endpoint: string
  readonly state: 'pending' | 'dead'
  readonly attempts: number
}

export async function unacknowledged(
  tx: Tx,
  { environment, day }: DayOf,
): Promise<Unacknowledged[]> {
  const { rows } = await sql<Unacknowledged>`
    select d.event_id as event, d.endpoint_id as endpoint, d.state, d.attempts_total as attempts
    from event e
    join delivery d on d.event_id = e.id and d.created_at < ${day.until} and d.state <> 'delivered'
    where e.environment_id = ${environment} and e.created_at >= ${day.from} and e.created_at < ${day.until}
      and not exists (select from attempt a where a.delivery_id = d.id and a.outcome = 'delivered')
    order by e.position, d.id
    limit ${NAMED_MAX}`.execute(tx)
  return rows
}

/** A deposit whose row is not what its last event says. */
export interface Stray {
  readonly deposit: DepositId
  readonly state: DepositState
  readonly version: number
  /** Null where there is no event at all. */
  readonly type: EventType | null
  readonly eventVersion: number | null
}

export async function strayDeposits(tx: Tx, environment: string): Promise<Stray[]> {
  const { rows } = await sql<Stray>`
    with last as (
      select deposit_id, max(version) as version from event
      where environment_id = ${environment} group by deposit_id
    )
    select d.id as deposit, d.state, d.version, e.type, e.version as "eventVersion"
    from deposit d
    left join last on last.deposit_id = d.id
    left join event e on e.deposit_id = last.deposit_id and e.version = last.version
    where d.environment_id = ${environment}
      and (e.type is distinct from 'deposit.' || d.state or e.version is distinct from d.version
        or e.block_hash is distinct from d.block_hash)
    order by d.id
    limit ${NAMED_MAX}`.execute(tx)
  return rows
}

/** Deposits that stand, as their rows say, in a block that left our view; blocks long final are not held any more. */
export async function depositsOutsideView(
  tx: Tx,
  environment: string,
): Promise<{ readonly deposit: DepositId; readonly height: number }[]> {
  const { rows } = await sql<{ deposit: DepositId; height: number }>`
    select d.id as deposit, d.height
    from deposit d
    join block b on b.chain_id = d.chain_id and b.hash = d.block_hash
    where d.environment_id = ${environment} and d.state in ('detected', 'confirmed', 'final')
      and b.disconnected_at is not null
    order by d.id
    limit ${NAMED_MAX}`.execute(tx)
  return rows
}
