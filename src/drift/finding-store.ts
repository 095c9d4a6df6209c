import { sql, type Selectable } from 'kysely'
import type { ChainId } from '../domain/chain.ts'
import {
  FINDING_KINDS,
  type Decision,
  type Difference,
  type Finding,
  type FindingId,
  type FindingKind,
  type FindingState,
  type Severity,
} from '../domain/finding.ts'
import { required } from '../lib/assert.ts'
import type { Db, Tx } from '../store/database.ts'
import type { Tables } from '../store/tables.ts'

export interface Seen {
  readonly finding: Finding
  /** Not on record before, or resolved since. */
  readonly isNew: boolean
}

/**
 * Writes down a difference. One that stands already is only seen again, with the newest evidence. One that was gone
 * and is back stands again, with what people have decided about it; what a person has resolved stays so.
 */
export async function openFinding(tx: Tx, difference: Difference, now: Date): Promise<Seen> {
  const { id, kind } = difference
  const before = await lockFinding(tx, id)
  if (before === null) {
    await tx.insertInto('finding').values(firstRow(difference, now)).execute()
  } else {
    if (before.state === 'resolved' && before.resolved?.by !== 'settled') {
      return { finding: before, isNew: false }
    }
    const reopens = before.state === 'resolved'
    const { summary, evidence } = difference
    await tx
      .updateTable('finding')
      .set({ summary, evidence: JSON.stringify(evidence), seen_at: now })
      .$if(reopens, (query) =>
        query.set({
          state: before.acknowledged === null ? 'open' : 'acknowledged',
          opened_at: now,
          ...UNRESOLVED,
        }),
      )
      .where('id', '=', id)
      .execute()
  }
  const finding = required(await lockFinding(tx, id), `${kind} ${id} was just written`)
  return { finding, isNew: before === null || before.state === 'resolved' }
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

export interface Note {
  readonly difference: Difference
  /** While it stands, no deposit of its rail becomes final. */
  readonly holdsFinals: boolean
}

/**
 * Writes down what happened once and cannot be undone by another look. Null if it was on record, unless it is only
 * now that it holds finals.
 */
export async function noteFinding(
  tx: Tx,
  { difference, holdsFinals }: Note,
  now: Date,
): Promise<Finding | null> {
  const row = { ...firstRow(difference, now), holds_finals: holdsFinals }
  const { summary, evidence } = row
  const { numInsertedOrUpdatedRows = 0n } = await tx
    .insertInto('finding')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .column('id')
        .doUpdateSet({ summary, evidence, holds_finals: true })
        .where('finding.holds_finals', '=', false)
        .where('finding.state', '<>', 'resolved')
        .where(sql<boolean>`excluded.holds_finals`),
    )
    .executeTakeFirst()
  if (numInsertedOrUpdatedRows === 0n) return null
  return required(await lockFinding(tx, difference.id), `${difference.kind} was just written`)
}

const UNRESOLVED = { resolved_at: null, resolved_by: null, resolved_reason: null } as const

const UNDECIDED = {
  state: 'open',
  acknowledged_at: null,
  acknowledged_by: null,
  acknowledged_reason: null,
  heal_asked_at: null,
  heal_asked_by: null,
  heal_asked_reason: null,
  ...UNRESOLVED,
} as const

function firstRow(difference: Difference, now: Date) {
  const { id, chainId, kind, environment, evidence, depositId, ...same } = difference
  return {
    ...same,
    id,
    kind,
    chain_id: chainId,
    environment_id: environment,
    severity: FINDING_KINDS[kind],
    evidence: JSON.stringify(evidence),
    deposit_id: depositId,
    holds_finals: false,
    opened_at: now,
    seen_at: now,
    ...UNDECIDED,
  }
}

/** The finding, held until the commit; null if there is none. */
export async function lockFinding(tx: Tx, id: FindingId): Promise<Finding | null> {
  const row = await findings(tx).where('id', '=', id).forUpdate().executeTakeFirst()
  return row === undefined ? null : toFinding(row)
}

export async function resolveFinding(tx: Tx, id: FindingId, decision: Decision): Promise<void> {
  const { at, by, reason } = decision
  await tx
    .updateTable('finding')
    .set({ state: 'resolved', resolved_at: at, resolved_by: by, resolved_reason: reason })
    .where('id', '=', id)
    .where('state', '<>', 'resolved')
    .execute()
}

export interface ResolvedFinding {
  readonly finding: Finding
  readonly reason: string
}

/** Findings that settled itself sees gone, all for one reason. */
export async function resolveFindings(
  tx: Tx,
  ids: readonly FindingId[],
  { at, reason }: Pick<Decision, 'at' | 'reason'>,
): Promise<ResolvedFinding[]> {
  const resolved: ResolvedFinding[] = []
  for (const id of ids) {
    await resolveFinding(tx, id, { at, by: 'settled', reason })
    resolved.push({ finding: required(await lockFinding(tx, id), `${id} stood`), reason })
  }
  return resolved
}

export async function acknowledgeFinding(tx: Tx, id: FindingId, decision: Decision): Promise<void> {
  const { at, by, reason } = decision
  await tx
    .updateTable('finding')
    .set({
      state: 'acknowledged',
      acknowledged_at: at,
      acknowledged_by: by,
      acknowledged_reason: reason,
    })
    .where('id', '=', id)
    .where('state', '<>', 'resolved')
    .execute()
}

export async function askToHeal(tx: Tx, id: FindingId, decision: Decision): Promise<void> {
  const { at, by, reason } = decision
  await tx
    .updateTable('finding')
    .set({ heal_asked_at: at, heal_asked_by: by, heal_asked_reason: reason })
    .where('id', '=', id)
    .execute()
}

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

/** They were looked at, and nothing came of it. */
export async function touchFindings(tx: Tx, ids: readonly FindingId[], now: Date): Promise<void> {
  if (ids.length === 0) return
  await tx
    .updateTable('finding')
    .set({ seen_at: now })
    .where('id', 'in', [...ids])
    .execute()
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

function findings(db: Db) {
  return db.selectFrom('finding').selectAll()
}

function toFinding(row: Selectable<Tables['finding']>): Finding {
  return {
    id: row.id as FindingId,
    chainId: row.chain_id,
    kind: row.kind as FindingKind,
    severity: row.severity,
    state: row.state,
    environment: row.environment_id,
    subject: row.subject,
    summary: row.summary,
    evidence: row.evidence as object,
    provider: row.provider,
    rail: row.rail,
    height: row.height,
    depositId: row.deposit_id,
    openedAt: row.opened_at,
    seenAt: row.seen_at,
    acknowledged: decision(row.acknowledged_at, row.acknowledged_by, row.acknowledged_reason),
    healAsked: decision(row.heal_asked_at, row.heal_asked_by, row.heal_asked_reason),
    resolved: decision(row.resolved_at, row.resolved_by, row.resolved_reason),
  }
}

function decision(at: Date | null, by: string | null, reason: string | null): Decision | null {
  return at === null || by === null || reason === null ? null : { at, by, reason }
}
