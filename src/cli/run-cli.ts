import { CommanderError } from 'commander'
import { AppError } from '../domain/error.ts'
import { isOutage, outageReason } from '../lib/outage.ts'
import type { CliContext } from './context.ts'
import { createProgram } from './program.ts'

const FAILED = 1
const USAGE = 2

/** Runs one command. 0: done; 1: it failed; 2: it was called wrongly. */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  try {
    await createProgram(context).parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE
    context.writeError(`error: ${describe(error)}\n`)
    return FAILED
  }
}

/** An `AppError` is written for people. Anything else is a bug or a broken world, where the stack helps. */
function describe(error: unknown): string {
  if (error instanceof AppError) return `${error.message} (${error.code})`
  if (isOutage(error)) {
    const remedy = 'check that PostgreSQL runs, and DATABASE_URL'
    return `cannot reach the database: ${outageReason(error)}; ${remedy} (database_unavailable)`
  }
  if (isPortTaken(error)) return `${error.message}: another program listens there; set SETTLED_PORT`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function isPortTaken(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
}
