import { readDatabaseUrl } from '../config/read-environment.ts'
import { AppError } from '../domain/error.ts'
import type { Env } from '../lib/env.ts'
import { openDatabase, type Db } from '../store/database.ts'
import { pendingMigrations } from '../store/migrate.ts'

/** What a command may touch of the process that runs it. */
export interface CliContext {
  readonly env: Env
  readonly variables: NodeJS.ProcessEnv
  /** Aborted by SIGINT and SIGTERM: a command that runs until stopped stops in order. */
  readonly signal: AbortSignal
  readonly write: (text: string) => void
  readonly writeError: (text: string) => void
}

/** Opens the database for one command, refuses one that is not up to date, and closes it again. */
export async function withDatabase<T>(
  context: CliContext,
  work: (db: Db) => Promise<T>,
): Promise<T> {
  return withAnyDatabase(context, async (db) => {
    const pending = await pendingMigrations(db)
    if (pending.length > 0) {
      throw new AppError(
        'misconfigured',
        `the database lacks ${pending.join(', ')}: run "settled migrate"`,
      )
    }
    return work(db)
  })
}

/** As `withDatabase`, whatever the state of its schema. */
export async function withAnyDatabase<T>(
  context: CliContext,
  work: (db: Db) => Promise<T>,
): Promise<T> {
  const url = readDatabaseUrl(context.variables)
  const db = openDatabase({ url, poolSize: 2, applicationName: 'settled-cli' })
  try {
    return await work(db)
  } finally {
    await db.destroy()
  }
}

export interface JsonOption {
  readonly json?: boolean
}

/** One JSON document for programs, or lines for people. */
export function print(
  context: CliContext,
  result: { readonly json: unknown; readonly lines: readonly string[] },
  options: JsonOption,
): void {
  const text =
    options.json === true ? JSON.stringify(result.json, null, 2) : result.lines.join('\n')
  context.write(`${text}\n`)
}

/** Columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const columns = rows[0]?.length ?? 0
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
