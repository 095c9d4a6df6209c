import { sql } from 'kysely'
import { AppError } from '../domain/error.ts'
import { assert, required } from '../lib/assert.ts'
import type { Db, Tx } from '../store/database.ts'

/** How long a key is remembered. After it the same key is a new request. */
export const IDEMPOTENCY_HOURS = 24

export interface StoredAnswer {
  readonly status: number
  readonly body: string
}

export interface IdempotentRequest {
  readonly environment: string
  readonly key: string
  /** SHA-256 over method, path and body: what makes two requests the same one. */
  readonly requestHash: Buffer
  readonly now: Date
}

/**
 * Claims the key for this transaction: null when the caller is the first and must do the work and call
 * `storeAnswer`, else the answer that was given then. A second request that arrives while the first is at work
 * waits on the unique index and sees either its committed answer or, after a rollback, a free key; so the
 * placeholder inserted here (status 0) is never visible to anyone.
 */
export async function claimKey(tx: Tx, request: IdempotentRequest): Promise<StoredAnswer | null> {
  const { environment, key, requestHash, now } = request
  const { rows } = await sql`
    insert into idempotency_key as k (environment_id, key, request_hash, status, body, created_at)
    values (${environment}, ${key}, ${requestHash}, 0, '', ${now})
    on conflict (environment_id, key) do update set
      request_hash = excluded.request_hash, status = 0, body = '', created_at = excluded.created_at
    where k.created_at <= excluded.created_at - ${IDEMPOTENCY_HOURS} * interval '1 hour'
    returning 1`.execute(tx)
  if (rows.length === 1) return null
  const stored = required(
    await tx
      .selectFrom('idempotency_key')
      .select(['request_hash', 'status', 'body'])
      .where('environment_id', '=', environment)
      .where('key', '=', key)
      .executeTakeFirst(),
    `idempotency key ${key} conflicted, so it exists`,
  )
  if (!stored.request_hash.equals(requestHash)) {
    throw new AppError(
      'idempotency_conflict',
      `idempotency-key: "${key}" was used for another request within ${IDEMPOTENCY_HOURS} hours; choose a new key`,
    )
  }
  return { status: stored.status, body: stored.body }
}

export async function storeAnswer(
  tx: Tx,
  { environment, key }: IdempotentRequest,
  { status, body }: StoredAnswer,
): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('idempotency_key')
    .set({ status, body })
    .where('environment_id', '=', environment)
    .where('key', '=', key)
    .where('status', '=', 0)
    .executeTakeFirst()
  assert(
    numUpdatedRows === 1n,
    `the answer to idempotency key ${key} is stored once, after its claim`,
  )
}

/** Deletes at most `limit` forgotten keys and returns how many; call again while it returns `limit`. */
export async function pruneIdempotencyKeys(
  db: Db,
  { now, limit }: { now: Date; limit: number },
): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    delete from idempotency_key where ctid in (
      select ctid from idempotency_key
      where created_at <= ${now}::timestamptz - ${IDEMPOTENCY_HOURS} * interval '1 hour'
      limit ${limit})`.execute(db)
  return Number(numAffectedRows)
}
