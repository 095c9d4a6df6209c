import { sql } from 'kysely'
import type { Rail, RailId } from '../domain/chain.ts'
import { AppError } from '../domain/error.ts'
import type { Policy } from '../domain/policy.ts'
import { formatPolicy, parsePolicy } from '../domain/policy-document.ts'
import { required } from '../lib/assert.ts'
import type { Db, Tx } from '../store/database.ts'

/** One version of an environment's policy for one rail. Versions are only ever added. */
export interface PolicyVersion {
  /** From 1, without gaps. */
  readonly version: number
  readonly policy: Policy
  readonly author: string
  readonly reason: string
  readonly createdAt: Date
}

export interface NewPolicy {
  readonly environment: string
  readonly rail: Rail
  readonly policy: Policy
  readonly author: string
  readonly reason: string
  readonly now: Date
}

/** The version in force, or null where the rail was never enabled for the environment. */
export async function currentPolicy(
  db: Db,
  environment: string,
  rail: Rail,
): Promise<PolicyVersion | null> {
  return (await policyHistory(db, environment, rail))[0] ?? null
}

/** Every version, the newest first. */
export async function policyHistory(
  db: Db,
  environment: string,
  rail: Rail,
): Promise<PolicyVersion[]> {
  const rows = await db
    .selectFrom('policy_version')
    .selectAll()
    .where('environment_id', '=', environment)
    .where('rail', '=', rail.id)
    .orderBy('version', 'desc')
    .execute()
  return rows.map((row) => toPolicyVersion(row, rail))
}

export interface PolicySubject {
  readonly environment: string
  readonly rail: Rail
}

/** Finds a subject's policy in what `policiesFor` returns. */
export function policyKey(environment: string, rail: RailId): string {
  return `${environment} ${rail}`
}

/** The versions in force for many subjects at once: what the deposits of one block are judged by. */
export async function policiesFor(
  db: Db,
  subjects: readonly PolicySubject[],
): Promise<ReadonlyMap<string, PolicyVersion>> {
  const rails = new Map(subjects.map(({ rail }) => [rail.id, rail]))
  const { rows } = await sql<PolicyRow>`
    select distinct on (environment_id, rail) policy_version.*
    from policy_version
    join unnest(
      ${subjects.map(({ environment }) => environment)}::text[],
      ${subjects.map(({ rail }) => rail.id)}::text[]
    ) as subject (environment_id, rail) using (environment_id, rail)
    order by environment_id, rail, version desc`.execute(db)
  return new Map(
    rows.map((row) => {
      const rail = required(rails.get(row.rail), `${row.rail} was asked for`)
      return [policyKey(row.environment_id, row.rail), toPolicyVersion(row, rail)]
    }),
  )
}

export interface PolicyInForce extends PolicySubject, Pick<PolicyVersion, 'version' | 'policy'> {}

/** Every environment's version in force for these rails. */
export async function policiesInForce(db: Db, rails: readonly Rail[]): Promise<PolicyInForce[]> {
  const { rows } = await sql<PolicyRow>`
    select distinct on (environment_id, rail) *
    from policy_version
    where rail = any(${rails.map(({ id }) => id)}::text[])
    order by environment_id, rail, version desc`.execute(db)
  return rows.map((row) => {
    const rail = required(
      rails.find(({ id }) => id === row.rail),
      `${row.rail} was asked for`,
    )
    const { version, policy } = toPolicyVersion(row, rail)
    return { environment: row.environment_id, rail, version, policy }
  })
}

/**
 * Appends the next version and returns its number. Of two authors at once the second fails with `already_exists`,
 * which is right, because neither has seen what the other wrote.
 */
export async function savePolicy(tx: Tx, change: NewPolicy): Promise<number> {
  const { environment, rail, policy, author, reason, now } = change
  const current = await currentPolicy(tx, environment, rail)
  const version = (current?.version ?? 0) + 1
  const { numInsertedOrUpdatedRows: added } = await tx
    .insertInto('policy_version')
    .values({
      environment_id: environment,
      rail: rail.id,
      version,
      document: JSON.stringify(formatPolicy(policy, rail)),
      author,
      reason,
      created_at: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow()
  if (added === 0n) {
    const what = `somebody else has just saved version ${version} for ${rail.id}`
    throw new AppError('already_exists', `policy: ${what}; look at it, then apply yours again`)
  }
  return version
}

interface PolicyRow {
  readonly environment_id: string
  readonly rail: RailId
  readonly version: number
  readonly document: unknown
  readonly author: string
  readonly reason: string
  readonly created_at: Date
}

/** A rail's minimum may have been raised since the version was written; then the rail's holds. */
function toPolicyVersion(row: PolicyRow, rail: Rail): PolicyVersion {
  const policy = parsePolicy(row.document, { ...rail, minimumAmount: 1n })
  const raised = policy.minimumAmount < rail.minimumAmount
  return {
    version: row.version,
    policy: raised ? { ...policy, minimumAmount: rail.minimumAmount } : policy,
    author: row.author,
    reason: row.reason,
    createdAt: row.created_at,
  }
}
