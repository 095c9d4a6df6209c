import { sql, type Selectable } from 'kysely'
import type { EventType } from '../domain/event.ts'
import type { Db, Tx } from '../store/database.ts'
import type { Tables } from '../store/tables.ts'
import type { Endpoint, EndpointState } from './endpoint.ts'

/** At most this many signatures go into one header; a rotation beyond it pushes the oldest secret out. */
const SECRETS_MAX = 5

export interface NewEndpoint {
  readonly id: string
  readonly environment: string
  readonly url: string
  readonly description: string
  readonly eventTypes: readonly EventType[] | null
  readonly secret: string
}

export interface EndpointChanges {
  readonly url?: string
  readonly description?: string
  readonly eventTypes?: readonly EventType[] | null
  readonly state?: 'enabled' | 'disabled'
}

export async function createEndpoint(tx: Tx, endpoint: NewEndpoint, now: Date): Promise<Endpoint> {
  const { id, environment, url, description, eventTypes, secret } = endpoint
  const row = await tx
    .insertInto('endpoint')
    .values({
      id,
      environment_id: environment,
      url,
      description,
      event_types: eventTypes === null ? null : [...eventTypes],
      state: 'enabled',
      open_until: null,
      created_at: now,
      updated_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  await insertSecret(tx, id, secret, now)
  return fromRow(row)
}

export async function getEndpoint(
  db: Db,
  environment: string,
  id: string,
): Promise<Endpoint | null> {
  const row = await db
    .selectFrom('endpoint')
    .selectAll()
    .where('environment_id', '=', environment)
    .where('id', '=', id)
    .executeTakeFirst()
  return row === undefined ? null : fromRow(row)
}

/** For lanes, which serve every environment. */
export async function findEndpoint(db: Db, id: string): Promise<Endpoint | null> {
  const row = await db.selectFrom('endpoint').selectAll().where('id', '=', id).executeTakeFirst()
  return row === undefined ? null : fromRow(row)
}

/** A page in the order of ids; `after` is the last id of the page before. */
export async function listEndpoints(
  db: Db,
  environment: string,
  page: { readonly after: string | null; readonly limit: number },
): Promise<Endpoint[]> {
  const rows = await db
    .selectFrom('endpoint')
    .selectAll()
    .where('environment_id', '=', environment)
    .where('id', '>', page.after ?? '')
    .orderBy('id')
    .limit(page.limit)
    .execute()
  return rows.map(fromRow)
}

/** Enabling also closes the breaker: whoever enables an endpoint says that it works. */
export async function updateEndpoint(
  db: Db,
  endpoint: { readonly environment: string; readonly id: string },
  changes: EndpointChanges,
  now: Date,
): Promise<Endpoint | null> {
  const { url, description, eventTypes, state } = changes
  const row = await db
    .updateTable('endpoint')
    .set({
      updated_at: now,
      ...(url === undefined ? {} : { url }),
      ...(description === undefined ? {} : { description }),
      ...(eventTypes === undefined
        ? {}
        : { event_types: eventTypes === null ? null : [...eventTypes] }),
      ...(state === undefined ? {} : { state }),
      ...(state === 'enabled' ? { failures: 0, open_until: null } : {}),
    })
    .where('environment_id', '=', endpoint.environment)
    .where('id', '=', endpoint.id)
    .returningAll()
    .executeTakeFirst()
  return row === undefined ? null : fromRow(row)
}

/** Deliveries and attempts refer to it, so an endpoint is never removed, only switched off. */
export function deleteEndpoint(
  db: Db,
  endpoint: { readonly environment: string; readonly id: string },
  now: Date,
): Promise<Endpoint | null> {
  return updateEndpoint(db, endpoint, { state: 'disabled' }, now)
}

export interface SecretRotation {
  readonly endpointId: string
  readonly secret: string
  /** How long the secrets before it still sign, in milliseconds. */
  readonly overlapMs: number
}

export async function rotateSecret(tx: Tx, rotation: SecretRotation, now: Date): Promise<void> {
  const { endpointId, secret, overlapMs } = rotation
  // One rotation at a time: two would each leave a current secret behind.
  await sql`select 1 from endpoint where id = ${endpointId} for update`.execute(tx)
  await tx
    .updateTable('endpoint_secret')
    .set({ expires_at: new Date(now.getTime() + overlapMs) })
    .where('endpoint_id', '=', endpointId)
    .where('expires_at', 'is', null)
    .execute()
  await insertSecret(tx, endpointId, secret, now)
}

/** The secrets to sign with, newest first. */
export async function activeSecrets(db: Db, endpointId: string, now: Date): Promise<string[]> {
  const rows = await db
    .selectFrom('endpoint_secret')
    .select('secret')
    .where('endpoint_id', '=', endpointId)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
    .orderBy('id', 'desc')
    .limit(SECRETS_MAX)
    .execute()
  return rows.map((row) => row.secret)
}

async function insertSecret(tx: Tx, endpointId: string, secret: string, now: Date): Promise<void> {
  await tx
    .insertInto('endpoint_secret')
    .values({ endpoint_id: endpointId, secret, created_at: now, expires_at: null })
    .execute()
}

function fromRow(row: Selectable<Tables['endpoint']>): Endpoint {
  const state: EndpointState = row.state
  return {
    id: row.id,
    environment: row.environment_id,
    url: row.url,
    description: row.description,
    // Only values of EventType are ever written; a type that was retired since is kept as it was.
    eventTypes: row.event_types as readonly EventType[] | null,
    state,
    breaker: { failures: row.failures, openUntil: row.open_until },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
