import { randomId } from '../domain/id.ts'
import type { Env } from '../lib/env.ts'
import type { Db, Tx } from '../store/database.ts'
import { hashApiKey, isApiKey, newApiKey } from './api-key.ts'
import type { Environment } from './environment-store.ts'

export interface ApiKey {
  readonly id: string
  readonly name: string
  readonly createdAt: Date
  readonly revokedAt: Date | null
}

/** Who is asking: which environment, by which of its keys. */
export interface Caller {
  readonly environment: string
  readonly keyId: string
}

/** `key` is the only copy there will ever be: the database keeps its hash. */
export async function createApiKey(
  tx: Tx,
  { environment, name, env }: { environment: Environment; name: string; env: Env },
): Promise<{ id: string; key: string }> {
  const id = randomId('key', env.random)
  const key = newApiKey(environment.kind, env.random)
  await tx
    .insertInto('api_key')
    .values({
      id,
      environment_id: environment.id,
      name,
      hash: hashApiKey(key),
      created_at: env.clock.now(),
      revoked_at: null,
    })
    .execute()
  return { id, key }
}

/** Asked on every request, so that a revoked key is dead at once. */
export async function authenticate(db: Db, key: string): Promise<Caller | null> {
  if (!isApiKey(key)) return null
  const row = await db
    .selectFrom('api_key')
    .select(['id', 'environment_id'])
    .where('hash', '=', hashApiKey(key))
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  return row === undefined ? null : { environment: row.environment_id, keyId: row.id }
}

export async function listApiKeys(db: Db, environment: string): Promise<ApiKey[]> {
  const rows = await db
    .selectFrom('api_key')
    .select(['id', 'name', 'created_at', 'revoked_at'])
    .where('environment_id', '=', environment)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  }))
}

/** Returns whether a living key of this environment was revoked. */
export async function revokeApiKey(
  tx: Tx,
  { environment, id, now }: { environment: string; id: string; now: Date },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('api_key')
    .set({ revoked_at: now })
    .where('environment_id', '=', environment)
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}
