import { sql, type Selectable } from 'kysely'
import {
  FINDING_KINDS,
  type Decision,
  type Difference,
  type Finding,
  type FindingId,
  type FindingKind,
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

/** They were looked at, and nothing came of it. */
export async function touchFindings(tx: Tx, ids: readonly FindingId[], now: Date): Promise<void> {
  if (ids.length === 0) return
  await tx
    .updateTable('finding')
    .set({ seen_at: now })
    .where('id', 'in', [...ids])
    .execute()
}

/** As `toFinding` reads them. */
export function findings(db: Db) {
  return db.selectFrom('finding').selectAll()
}

export function toFinding(row: Selectable<Tables['finding']>): Finding {
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
