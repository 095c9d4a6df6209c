import { sql } from 'kysely'
import { selectDeposits, toDeposit } from '../confirmation/deposit-store.ts'
import type { ChainId, RailId } from '../domain/chain.ts'
import type { Deposit } from '../domain/deposit.ts'
import type { FindingKind } from '../domain/finding.ts'
import { toHex, type Hex } from '../lib/hex.ts'
import type { Tx } from '../store/database.ts'

/**
 * Deposits that stand and can still move, the lowest first: they have waited longest. Those that only a hold keeps
 * from being final are left out, or any number of them would hide the others.
 */
export async function movableDeposits(
  tx: Tx,
  chainId: ChainId,
  { held, limit }: { readonly held: ReadonlySet<RailId>; readonly limit: number },
): Promise<Deposit[]> {
  const rows = await selectDeposits(tx)
    .where('d.chain_id', '=', chainId)
    .where('d.state', 'in', ['detected', 'confirmed'])
    .where(sql<boolean>`(d.state = 'detected' or d.rail <> all (${[...held]}::text[]))`)
    .orderBy('d.height')
    .orderBy('d.id')
    .limit(limit)
    .execute()
  return rows.map(toDeposit)
}

export interface BrokenLink {
  readonly height: number
  readonly hash: Hex
  readonly parentHash: Hex
}

/** Blocks of our view that do not link to the one below them, though we hold that, too. */
export async function brokenLinks(tx: Tx, chainId: ChainId, limit: number): Promise<BrokenLink[]> {
  const { rows } = await sql<{ height: number; hash: Buffer; parent_hash: Buffer }>`
    select b.height, b.hash, b.parent_hash from block b
    join block below on below.chain_id = b.chain_id and below.height = b.height - 1
      and below.disconnected_at is null
    where b.chain_id = ${chainId} and b.disconnected_at is null and b.parent_hash <> below.hash
    order by b.height
    limit ${limit}`.execute(tx)
  return rows.map((row) => ({
    height: row.height,
    hash: toHex(row.hash),
    parentHash: toHex(row.parent_hash),
  }))
}

export interface UnpublishedEvents {
  readonly count: number
  readonly oldest: Date
}

/** Events of a chain that were committed before `before` and have no number. */
export async function unpublishedSince(
  tx: Tx,
  chainId: ChainId,
  before: Date,
): Promise<UnpublishedEvents | null> {
  const row = await tx
    .selectFrom('event')
    .select((eb) => [eb.fn.countAll<number>().as('count'), eb.fn.min('created_at').as('oldest')])
    .where('seq', 'is', null)
    .where('chain_id', '=', chainId)
    .where('created_at', '<', before)
    .executeTakeFirst()
  return row === undefined || row.oldest === null ? null : { ...row, oldest: row.oldest }
}

export interface Undelivered {
  readonly eventId: string
  readonly type: string
  readonly environment: string
  readonly depositId: string
  readonly endpointId: string
  readonly publishedAt: Date
}

export interface EventPage {
  readonly afterPosition: number
  readonly limit: number
  /** Endpoints that were made or changed less than this before an event are not asked about it. */
  readonly marginSeconds: number
}

export interface LookedAt {
  /** Where the page ends; null where there is none. */
  readonly end: number | null
  readonly undelivered: readonly Undelivered[]
}

/**
 * A page of numbered events, and those of them that an endpoint, enabled and unchanged since before they were
 * numbered, subscribes to and has no delivery of. Deliveries are made in the transaction that numbers, and never
 * deleted. Paging by position is allowed here, and only here: a chain's events are inserted under the lock of its
 * cursor, so that no lower position of the same chain appears later.
 */
export async function lookAtDeliveries(
  tx: Tx,
  chainId: ChainId,
  { afterPosition, limit, marginSeconds }: EventPage,
): Promise<LookedAt> {
  const { rows } = await sql<{ end: number | null } & (Undelivered | { eventId: null })>`
    with page as materialized (
      select position, id, type, environment_id, deposit_id, published_at from event
      where chain_id = ${chainId} and position > ${afterPosition}
        and position < coalesce((select min(position) from event where seq is null), 9223372036854775807)
      order by position
      limit ${limit})
    select bounds."end", missing.*
    from (select max(position) as "end" from page) bounds
    left join (
      select e.id as "eventId", e.type, e.environment_id as environment, e.deposit_id as "depositId",
             p.id as "endpointId", e.published_at as "publishedAt"
      from page e
      join endpoint p on p.environment_id = e.environment_id and p.state = 'enabled'
        and p.updated_at < e.published_at - ${marginSeconds} * interval '1 second'
        and (p.event_types is null or e.type = any (p.event_types))
      where not exists (select 1 from delivery d where d.endpoint_id = p.id and d.event_id = e.id)
      order by e.position, p.id) missing on true`.execute(tx)
  return {
    end: rows[0]?.end ?? null,
    undelivered: rows.flatMap((row) => (row.eventId === null ? [] : [row])),
  }
}

/** Ids of findings of these kinds that stand, whoever they are about. */
export async function standingIds(
  tx: Tx,
  chainId: ChainId,
  kinds: readonly FindingKind[],
): Promise<string[]> {
  const rows = await tx
    .selectFrom('finding')
    .select('id')
    .where('chain_id', '=', chainId)
    .where('kind', 'in', [...kinds])
    .where('state', '<>', 'resolved')
    .orderBy('id')
    .execute()
  return rows.map(({ id }) => id)
}

/** Of standing findings about an event without a delivery, those that have one by now. */
export async function deliveredSince(tx: Tx, chainId: ChainId): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select f.id from finding f
    where f.chain_id = ${chainId} and f.kind = 'delivery_missing' and f.state <> 'resolved'
      and exists (
        select 1 from delivery d
        where d.endpoint_id = f.evidence ->> 'endpoint' and d.event_id = f.evidence ->> 'event')
    order by f.id`.execute(tx)
  return rows.map(({ id }) => id)
}
