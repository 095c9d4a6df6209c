import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely'
import pg from 'pg'
import { assert, required } from '../lib/assert.ts'
import type { Tables } from './tables.ts'

/** A connection or a transaction: the query may run in either. */
export type Db = Kysely<Tables>
/** Must be a transaction: the function's writes belong to a larger whole. */
export type Tx = Transaction<Tables>

export interface DatabaseOptions {
  readonly url: string
  /** Connections at most. One daemon needs about ten: a few per chain, the API, delivery. */
  readonly poolSize: number
  readonly applicationName: string
  /** Lets the simulator and tests wrap each connection's statements. */
  readonly wrapPool?: (pool: pg.Pool) => pg.Pool
}

/**
 * How long the server lets one statement run and one transaction idle, in milliseconds. The second is what
 * frees a lease row held by a daemon that was paused in the middle of a transaction: together with the lease's
 * own life it must stay under the 15 seconds a takeover may take (see `lease.ts`).
 */
const STATEMENT_TIMEOUT_MS = 30_000
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 4_000

const INT8 = 20

export function openDatabase(options: DatabaseOptions): Db {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.poolSize,
    application_name: options.applicationName,
    connectionTimeoutMillis: 10_000,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    types: { getTypeParser },
  })
  // A connection may break while no query runs on it: idle in the pool, or inside a paused transaction. Its next
  // query fails and the pool replaces it; without listeners the event itself would end the process.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: options.wrapPool?.(pool) ?? pool }),
  })
}

/** All of it as of one moment, whatever is written meanwhile: a cursor newer than its deposits would lie. */
export function atOneMoment<T>(db: Db, read: (tx: Tx) => Promise<T>): Promise<T> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(read)
}

/** The server's clock, which leases go by. */
export async function databaseTime(db: Db): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(db)
  return required(rows[0], 'a select without a table has one row').now
}

/** int8 holds heights, fences and sequence numbers: exact as numbers below 2^53, and refused above. */
function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === INT8) return parseInt8
  return pg.types.getTypeParser(oid, format as 'text') as (value: string) => unknown
}

function parseInt8(text: string): number {
  const value = Number(text)
  assert(Number.isSafeInteger(value), `int8 beyond 2^53: ${text}`)
  return value
}
