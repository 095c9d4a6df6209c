import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { startPostgres } from '../../src/dev/postgres.ts'
import { openDatabase } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'

export interface TestServer extends AsyncDisposable {
  /** The migrated template that every test's database is a copy of. */
  readonly templateUrl: string
}

/** A PostgreSQL for one run of the tests: the given one, on which only our own databases are touched, or a new one. */
export async function startTestServer(givenUrl: string | undefined): Promise<TestServer> {
  const server = givenUrl === undefined ? await startThrowaway() : { url: givenUrl }
  const template = `settled_template_${process.pid}`
  await onServer(server.url, (client) => client.query(`create database ${template}`))
  const templateUrl = siblingUrl(server.url, template)
  const db = openDatabase({ url: templateUrl, poolSize: 1, applicationName: 'template' })
  await migrate(db)
  await db.destroy()
  return {
    templateUrl,
    async [Symbol.asyncDispose]() {
      await onServer(server.url, (client) => client.query(`drop database ${template} with (force)`))
      await server.stop?.()
    },
  }
}

interface Server {
  readonly url: string
  readonly stop?: () => Promise<void>
}

async function startThrowaway(): Promise<Server> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'settled-test-'))
  const server = await startPostgres({ directory, durable: false })
  return {
    url: server.url,
    async stop() {
      await server.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Runs `work` on a short connection to the server's own database, so that the template itself stays unused. */
export async function onServer<T>(
  url: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: siblingUrl(url, 'postgres') })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

export function siblingUrl(url: string, database: string): string {
  const sibling = new URL(url)
  sibling.pathname = `/${database}`
  return sibling.href
}
