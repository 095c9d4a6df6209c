import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { loadChain } from '../src/config/chain-files.ts'
import type { RailConfig } from '../src/config/config.ts'
import { savePolicy } from '../src/confirmation/policy-store.ts'
import { startPostgres } from '../src/dev/postgres.ts'
import { createEnvironment, enableRail } from '../src/environment/environment-store.ts'
import { required } from '../src/lib/assert.ts'
import { openDatabase, type Db } from '../src/store/database.ts'
import { migrate } from '../src/store/migrate.ts'

export const ENVIRONMENT = 'bench'
export const { chain: CHAIN, rails: RAILS } = loadChain('anvil')
export const RAIL: RailConfig = required(RAILS[0], 'chains/anvil has a rail')
/** Mainnet: its canned blocks are of the same shape and size. */
export const { chain: TRON, rails: TRON_RAILS } = loadChain('tron')
export const TRON_RAIL: RailConfig = required(TRON_RAILS[0], 'chains/tron has a rail')

export interface BenchDatabase extends AsyncDisposable {
  readonly db: Db
  readonly url: string
  readonly name: string
}

/** One throw-away server without fsync for both sides: what is compared is our work, not a disk's. */
export interface BenchPostgres extends AsyncDisposable {
  /** Migrated, with one environment on Anvil's rail; or a copy of `template`, which nobody may be connected to. */
  create(template?: string): Promise<BenchDatabase>
  /** Keeps a database for copying: closes it, and drops it only with the server. */
  freeze(database: BenchDatabase): Promise<string>
}

export async function startBenchPostgres(): Promise<BenchPostgres> {
  // Not in the user's own temporary directory: as root, PostgreSQL runs as somebody who could not enter it.
  const directory = await mkdtemp(path.join('/var/tmp', 'settled-bench-'))
  const server = await startPostgres({ directory, durable: false })
  let count = 0

  async function open(name: string): Promise<BenchDatabase> {
    const url = new URL(server.url)
    url.pathname = `/${name}`
    const db = openDatabase({ url: url.href, poolSize: 10, applicationName: 'bench' })
    return {
      db,
      name,
      url: url.href,
      async [Symbol.asyncDispose]() {
        await db.destroy()
        await query(server.url, `drop database ${name} with (force)`)
      },
    }
  }

  return {
    async create(template) {
      count += 1
      const name = `bench_${count}`
      await query(server.url, `create database ${name} template ${template ?? 'template1'}`)
      const database = await open(name)
      if (template === undefined) await prepare(database.db)
      return database
    },
    async freeze({ db, name }) {
      await db.destroy()
      return name
    },
    async [Symbol.asyncDispose]() {
      await server.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Runs one statement on a connection of its own. */
export async function query<Row extends pg.QueryResultRow>(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(text, [...values])).rows
  } finally {
    await client.end()
  }
}

async function prepare(db: Db): Promise<void> {
  await migrate(db)
  await createEnvironment(db, { id: ENVIRONMENT, kind: 'test', now: new Date() })
  await enable(db, RAIL)
}

/** Lets the environment watch a rail, under the policy of its chain file. */
export async function enable(db: Db, { rail, defaultPolicy }: RailConfig): Promise<void> {
  const now = new Date()
  await db.transaction().execute(async (tx) => {
    await enableRail(tx, { environment: ENVIRONMENT, rail: rail.id, now })
    await savePolicy(tx, {
      environment: ENVIRONMENT,
      rail,
      policy: defaultPolicy,
      author: 'bench',
      reason: 'the default of the chain file',
      now,
    })
  })
}
