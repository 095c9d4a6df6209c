import { AppError } from '../domain/error.ts'
import type { RailId } from '../domain/chain.ts'
import type { Db, Tx } from '../store/database.ts'

export type EnvironmentKind = 'live' | 'test'

/** A merchant's separate set of credentials, endpoints, rails, addresses and policies. */
export interface Environment {
  readonly id: string
  readonly kind: EnvironmentKind
  readonly createdAt: Date
}

export interface NewEnvironment {
  readonly id: string
  readonly kind: EnvironmentKind
  readonly now: Date
}

/** Two characters at least, so that an id can always be told from a flag or a typo. */
const ENVIRONMENT_ID = /^[a-z0-9][a-z0-9-]{1,62}$/

export async function createEnvironment(
  db: Db,
  { id, kind, now }: NewEnvironment,
): Promise<Environment> {
  if (!ENVIRONMENT_ID.test(id)) {
    throw new AppError(
      'invalid_request',
      `environment: "${id}" must be 2 to 63 lower-case letters, digits and hyphens, such as "acme-live"`,
    )
  }
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('environment')
    .values({ id, kind, created_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if (numInsertedOrUpdatedRows === 0n) {
    throw new AppError('already_exists', `environment: "${id}" exists; choose another id`)
  }
  return { id, kind, createdAt: now }
}

export async function findEnvironment(db: Db, id: string): Promise<Environment | null> {
  const row = await db.selectFrom('environment').selectAll().where('id', '=', id).executeTakeFirst()
  return row === undefined ? null : { id: row.id, kind: row.kind, createdAt: row.created_at }
}

export async function listEnvironments(db: Db): Promise<Environment[]> {
  const rows = await db.selectFrom('environment').selectAll().orderBy('id').execute()
  return rows.map((row) => ({ id: row.id, kind: row.kind, createdAt: row.created_at }))
}

/** Returns whether the rail was off before; enabling it again changes nothing. */
export async function enableRail(
  tx: Tx,
  { environment, rail, now }: { environment: string; rail: RailId; now: Date },
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('environment_rail')
    .values({ environment_id: environment, rail, enabled_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

export async function railsOf(db: Db, environment: string): Promise<ReadonlySet<RailId>> {
  const rows = await db
    .selectFrom('environment_rail')
    .select('rail')
    .where('environment_id', '=', environment)
    .orderBy('rail')
    .execute()
  return new Set(rows.map((row) => row.rail))
}
