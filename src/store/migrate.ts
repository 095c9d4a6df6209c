import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { AppError } from '../domain/error.ts'
import { assert } from '../lib/assert.ts'
import type { Db, Tx } from './database.ts'

/** The project's own, found both from `src/store` and from `dist/store`. */
export const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url))

const FILE_NAME = /^(\d{4})_[a-z0-9_]+\.sql$/
/** The dump of the resulting schema lies beside the migrations, for readers. */
const SCHEMA_DUMP = 'schema.sql'
const ADVISORY_LOCK = 0x5e_77_1e_d

interface Migration {
  readonly name: string
  readonly text: string
  readonly checksum: string
}

/**
 * Brings the database up to date, forward only. Every migration is applied and recorded in one transaction under
 * an advisory lock, so two daemons that start together share the work instead of doing it twice.
 */
export async function migrate(db: Db, directory = MIGRATIONS): Promise<{ applied: string[] }> {
  const migrations = await readMigrations(directory)
  const applied: string[] = []
  for (;;) {
    const next = await db.transaction().execute((tx) => applyNext(tx, migrations))
    if (next === null) return { applied }
    applied.push(next)
  }
}

/** Names of the migrations that the database still lacks. Throws when it has others than ours. */
export async function pendingMigrations(db: Db, directory = MIGRATIONS): Promise<string[]> {
  const migrations = await readMigrations(directory)
  return (await pending(db, migrations)).map(({ name }) => name)
}

async function applyNext(tx: Tx, migrations: readonly Migration[]): Promise<string | null> {
  // Building an index may take longer than any other statement is allowed to.
  await sql`set local statement_timeout = 0`.execute(tx)
  await sql`select pg_advisory_xact_lock(${ADVISORY_LOCK})`.execute(tx)
  const [next] = await pending(tx, migrations)
  if (next === undefined) return null
  await sql`
    create table if not exists migration (
      name        text primary key,
      checksum    text not null,
      applied_at  timestamptz not null
    )`.execute(tx)
  await sql.raw(next.text).execute(tx)
  await sql`
    insert into migration (name, checksum, applied_at)
    values (${next.name}, ${next.checksum}, clock_timestamp())`.execute(tx)
  return next.name
}

/** What the database recorded must be a prefix of what this code has, byte for byte. */
async function pending(db: Db, migrations: readonly Migration[]): Promise<readonly Migration[]> {
  const recorded = await recordedMigrations(db)
  for (const [index, { name, checksum }] of recorded.entries()) {
    const ours = migrations[index]
    if (ours === undefined || ours.name !== name) {
      throw new AppError(
        'database_newer',
        `the database has the migration ${name}, which this version of settled does not: run the version that made it, or a later one`,
      )
    }
    if (ours.checksum !== checksum) {
      throw new AppError(
        'misconfigured',
        `${name} was changed after the database applied it: restore the file and put the change into a new migration`,
      )
    }
  }
  return migrations.slice(recorded.length)
}

async function recordedMigrations(db: Db): Promise<{ name: string; checksum: string }[]> {
  const { rows } = await sql<{ known: boolean }>`
    select to_regclass('migration') is not null as known`.execute(db)
  if (rows[0]?.known !== true) return []
  const recorded = await sql<{ name: string; checksum: string }>`
    select name, checksum from migration order by name`.execute(db)
  return recorded.rows
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const names = await readdir(directory)
  const files = names.filter((name) => name.endsWith('.sql') && name !== SCHEMA_DUMP).toSorted()
  return Promise.all(
    files.map(async (name, index) => {
      const number = FILE_NAME.exec(name)?.[1]
      assert(Number(number) === index + 1, `migrations are numbered without gaps: ${name}`)
      const text = await readFile(path.join(directory, name), 'utf8')
      return { name, text, checksum: createHash('sha256').update(text).digest('hex') }
    }),
  )
}
