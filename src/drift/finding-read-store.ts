import { sql } from 'kysely'
import type { ChainId } from '../domain/chain.ts'
import type { Finding, FindingId, FindingKind, FindingState, Severity } from '../domain/finding.ts'
import type { Db, Tx } from '../store/database.ts'
import { findings, toFinding } from './finding-store.ts'

export interface FindingFilter {
  /** Those of this environment and those that concern everybody; null: all. */
  readonly environment: string | null
  /** Of those that concern everybody, only those of these chains. */
  readonly chainIds?: readonly ChainId[] | undefined
  /** `standing`: open or acknowledged. */
  readonly state?: FindingState | 'standing' | undefined
  readonly kind?: FindingKind | undefined
  readonly depositId?: string | undefined
  readonly before?: { readonly openedAt: Date; readonly id: string } | undefined
  readonly limit: number
}

/** Newest first. */
export async function listFindings(db: Db, filter: FindingFilter): Promise<Finding[]> {
  const { environment, chainIds, state, kind, depositId, before, limit } = filter
  let query = findings(db).orderBy('opened_at', 'desc').orderBy('id', 'desc').limit(limit)
  if (environment !== null) {
    query = query.where((eb) =>
      eb.or([eb('environment_id', '=', environment), eb('environment_id', 'is', null)]),
    )
  }
  if (chainIds !== undefined) {
    query = query.where((eb) =>
      eb.or([
        eb('environment_id', 'is not', null),
        eb('chain_id', '=', eb.fn.any(eb.val([...chainIds]))),
      ]),
    )
  }
  if (state === 'standing') query = query.where('state', '<>', 'resolved')
  else if (state !== undefined) query = query.where('state', '=', state)
  if (kind !== undefined) query = query.where('kind', '=', kind)
  if (depositId !== undefined) query = query.where('deposit_id', '=', depositId)
  if (before !== undefined) {
    query = query.where((eb) =>
      eb(eb.refTuple('opened_at', 'id'), '<', eb.tuple(before.openedAt, before.id)),
    )
  }
  return (await query.execute()).map(toFinding)
}

export async function findFinding(db: Db, id: string): Promise<Finding | null> {
  const row = await findings(db).where('id', '=', id).executeTakeFirst()
  return row === undefined ? null : toFinding(row)
}

/** Findings that stand about one provider's account of these heights. */
export async function standingAt(
  tx: Tx,
  chainId: ChainId,
  { provider, from, to }: { readonly provider: string; readonly from: number; readonly to: number },
  kinds: readonly FindingKind[],
): Promise<Finding[]> {
  const rows = await findings(tx)
    .where('chain_id', '=', chainId)
    .where('state', '<>', 'resolved')
    .where('kind', 'in', [...kinds])
    .where('provider', '=', provider)
    .where('height', '>=', from)
    .where('height', '<=', to)
    .orderBy('id')
    .execute()
  return rows.map(toFinding)
}

export interface Rereading {
  readonly kinds: readonly FindingKind[]
  /** Who can be asked. */
  readonly providers: readonly string[]
  readonly now: Date
  readonly limit: number
}

/**
 * Findings that stand and are to be looked at again, at most `limit`: those that a person vouches for, then those
 * that were looked at longest ago. One that stands for long is looked at ever more seldom, down to once an hour, so
 * that any number of them leaves room for those behind.
 */
export async function findingsToReread(
  db: Db,
  chainId: ChainId,
  { kinds, providers, now, limit }: Rereading,
): Promise<Finding[]> {
  if (providers.length === 0) return []
  const rows = await findings(db)
    .where('chain_id', '=', chainId)
    .where('state', '<>', 'resolved')
    .where('kind', 'in', [...kinds])
    .where('provider', 'in', [...providers])
    .where(
      sql<boolean>`(heal_asked_at is not null
        or seen_at <= ${now}::timestamptz - least(interval '1 hour', (${now}::timestamptz - opened_at) / 4))`,
    )
    .orderBy(sql`heal_asked_at is null`)
    .orderBy('seen_at')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(toFinding)
}

export interface KnownFindings {
  readonly standing: ReadonlySet<FindingId>
  /** By a person: they stay so, whatever is seen. */
  readonly closed: ReadonlySet<FindingId>
}

/** Which of these are on record, but for those that were gone. */
export async function knownFindings(tx: Tx, ids: readonly FindingId[]): Promise<KnownFindings> {
  if (ids.length === 0) return { standing: new Set(), closed: new Set() }
  const rows = await tx
    .selectFrom('finding')
    .select(['id', 'state'])
    .where(sql<boolean>`id = any(${ids}::text[])`)
    .where((eb) => eb.or([eb('state', '<>', 'resolved'), eb('resolved_by', '<>', 'settled')]))
    .execute()
  const idsOf = (isStanding: boolean) =>
    rows
      .filter(({ state }) => (state !== 'resolved') === isStanding)
      .map(({ id }) => id as FindingId)
  return { standing: new Set(idsOf(true)), closed: new Set(idsOf(false)) }
}

export interface FindingCount {
  readonly chainId: ChainId
  readonly kind: string
  readonly severity: Severity
  readonly count: number
}

/** How many stand. */
export async function countFindings(db: Db): Promise<FindingCount[]> {
  const { rows } = await sql<FindingCount>`
    select chain_id as "chainId", kind, severity, count(*) as count from finding
    where state <> 'resolved' group by chain_id, kind, severity`.execute(db)
  return rows
}
