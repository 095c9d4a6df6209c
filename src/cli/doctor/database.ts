import { readCursor } from '../../block/block-store.ts'
import type { ChainConfig } from '../../config/config.ts'
import type { Chain } from '../../domain/chain.ts'
import { AppError } from '../../domain/error.ts'
import type { Clock } from '../../lib/clock.ts'
import { describeShortage, findShortages, remedyOf } from '../../provider-shortage.ts'
import { staleAfterSeconds } from '../../readiness.ts'
import { databaseTime, type Db } from '../../store/database.ts'
import { listLeases } from '../../store/lease.ts'
import { pendingMigrations } from '../../store/migrate.ts'
import { withAnyDatabase, type CliContext } from '../context.ts'
import { fail, ok, reasonOf, warn, type Check } from './check.ts'

/**
 * Leases go by the database's clock, so skew breaks no promise; it makes the recorded times wrong, and at five
 * minutes receivers begin to refuse signatures as too old or too new (Standard Webhooks 1.0.0).
 */
const SKEW_WARN_MS = 2_000
const SKEW_FAIL_MS = 60_000

export async function examineDatabase(
  context: CliContext,
  chains: readonly ChainConfig[],
): Promise<Check[]> {
  try {
    return await withAnyDatabase(context, async (db) => {
      const reached = await examineClock(db, context.env.clock)
      const schema = await examineSchema(db)
      if (schema.level === 'fail') return [...reached, schema]
      return [...reached, schema, ...(await examineDaemon(db, context.env.clock, chains))]
    })
  } catch (error) {
    // A missing DATABASE_URL is a finding of the configuration.
    if (error instanceof AppError && error.code === 'misconfigured') return []
    return [
      fail(
        'database',
        reasonOf(error),
        'check DATABASE_URL, and that PostgreSQL runs and lets us in',
      ),
    ]
  }
}

async function examineClock(db: Db, clock: Clock): Promise<Check[]> {
  const before = clock.now().getTime()
  const theirs = (await databaseTime(db)).getTime()
  const after = clock.now().getTime()
  const ours = (before + after) / 2
  const skewMs = Math.abs(Math.round(theirs - ours))
  const detail = `${skewMs} ms apart from ours, measured to ${after - before} ms`
  const remedy = 'let both machines follow a time server'
  const reached = ok('database', 'reachable')
  if (skewMs > SKEW_FAIL_MS) return [reached, fail('database clock', detail, remedy)]
  if (skewMs > SKEW_WARN_MS) return [reached, warn('database clock', detail, remedy)]
  return [reached, ok('database clock', detail)]
}

async function examineSchema(db: Db): Promise<Check> {
  try {
    const pending = await pendingMigrations(db)
    if (pending.length === 0) return ok('database schema', 'up to date')
    return fail('database schema', `lacks ${pending.join(', ')}`, 'run "settled migrate"')
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return fail('database schema', error.message)
  }
}

async function examineDaemon(
  db: Db,
  clock: Clock,
  chains: readonly ChainConfig[],
): Promise<Check[]> {
  const leases = await examineLeases(
    db,
    chains.map(({ chain }) => chain),
  )
  const cursors = await Promise.all(chains.map(({ chain }) => examineCursor(db, clock, chain)))
  return [...leases, ...cursors, ...(await examinePolicies(db, chains))]
}

async function examineLeases(db: Db, chains: readonly Chain[]): Promise<Check[]> {
  const leases = await listLeases(db)
  const wanted = ['publisher', 'delivery', ...chains.map(({ id }) => `chain:${id}`)]
  return wanted.map((name) => {
    const lease = leases.find((known) => known.name === name)
    if (lease?.held === true) return ok(`lease ${name}`, `held by ${lease.holder}`)
    return warn(`lease ${name}`, 'held by nobody', 'start a daemon: "settled serve"')
  })
}

/** Nothing when every policy can be met. */
async function examinePolicies(db: Db, chains: readonly ChainConfig[]): Promise<Check[]> {
  const shortages = await findShortages(db, chains)
  return shortages.map((shortage) => {
    const name = `policy ${shortage.environment} ${shortage.rail}`
    return fail(name, describeShortage(shortage), remedyOf(shortage))
  })
}

async function examineCursor(db: Db, clock: Clock, chain: Chain): Promise<Check> {
  const name = `${chain.slug}, progress`
  const cursor = await readCursor(db, chain.id)
  if (cursor === null) {
    return warn(
      name,
      'no block yet',
      'start a daemon, or look at its log and at the providers below',
    )
  }
  if (cursor.halt !== null) {
    return fail(name, `halted: ${cursor.halt.reason}`, 'see "settled chain list"')
  }
  const ageSeconds = Math.round((clock.now().getTime() - cursor.updatedAt.getTime()) / 1000)
  const detail = `at block ${cursor.height}, moved ${ageSeconds} s ago`
  if (ageSeconds <= staleAfterSeconds(chain)) return ok(name, detail)
  const remedy = 'look at the lease above, the providers below, and the log of the daemon'
  return fail(name, detail, remedy)
}
