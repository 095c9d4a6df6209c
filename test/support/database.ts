import { randomBytes } from 'node:crypto'
import { after, type TestContext } from 'node:test'
import { sql } from 'kysely'
import { openDatabase, type Db, type Tx } from '../../src/store/database.ts'
import { onServer, siblingUrl } from './server.ts'

export interface TestDatabase {
  readonly db: Db
  readonly url: string
}

const opened: { name: string; db: Db }[] = []

/**
 * A fresh, migrated database of the test's own. It is closed and dropped when the whole file is done: the hooks
 * of a test run in the order of their registration, so dropping it with the test would pull it away from under
 * what the test started later and stops later.
 */
export async function testDatabase(t: TestContext): Promise<TestDatabase> {
  const templateUrl = requiredTemplateUrl()
  const template = new URL(templateUrl).pathname.slice(1)
  const name = `settled_test_${process.pid}_${randomBytes(4).toString('hex')}`
  await onServer(templateUrl, (client) =>
    client.query(`create database ${name} template ${template}`),
  )
  const url = siblingUrl(templateUrl, name)
  const db = openDatabase({ url, poolSize: 10, applicationName: t.name.slice(0, 60) })
  opened.push({ name, db })
  return { db, url }
}

/**
 * For a transaction of a test that waits for others, however long they take: those of the daemon, which share its
 * connections, keep their limit.
 */
export async function letIdle(tx: Tx): Promise<void> {
  await sql`set local idle_in_transaction_session_timeout = 0`.execute(tx)
}

/** The server's word that some session of this database waits for a lock. */
export async function untilSomebodyWaits(db: Db): Promise<void> {
  for (;;) {
    const { rows } = await sql`
      select 1 from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`.execute(db)
    if (rows.length > 0) return
  }
}

/**
 * Nobody renews leases every second, as daemons do, where a test ticks the actors itself, and on a slow machine it
 * takes longer than one lasts: here a lease runs out where the test says so, and never by itself.
 */
export async function letLeasesLast(db: Db): Promise<void> {
  await sql`
    create or replace function let_lease_last() returns trigger language plpgsql as
    $$ begin new.expires_at := clock_timestamp() + interval '1 day'; return new; end $$`.execute(db)
  await sql`
    create or replace trigger let_lease_last before insert or update on lease
    for each row when (new.expires_at > clock_timestamp()) execute function let_lease_last()`.execute(
    db,
  )
}

after(async () => {
  for (const { name, db } of opened.splice(0)) {
    await db.destroy()
    await drop(name)
  }
})

/** Without force, dropping waits five seconds for sessions to end and then fails: that is the leak check. */
async function drop(name: string): Promise<void> {
  await onServer(requiredTemplateUrl(), async (client) => {
    try {
      await client.query(`drop database ${name}`)
    } catch (cause) {
      const { rows } = await client.query<{ application_name: string; state: string }>(
        'select application_name, state from pg_stat_activity where datname = $1',
        [name],
      )
      await client.query(`drop database if exists ${name} with (force)`)
      const sessions = rows.map((row) => `"${row.application_name}" (${row.state})`).join(', ')
      throw new Error(`connections were left open: ${sessions}`, { cause })
    }
  })
}

function requiredTemplateUrl(): string {
  const url = process.env['SETTLED_TEST_DATABASE_URL']
  if (url === undefined) {
    throw new Error(
      'this test needs PostgreSQL: run it with `npm test -- <file>`, which starts one',
    )
  }
  return url
}

/** All that consumers could ever see change. */
export async function everything(db: Db) {
  return {
    deposits: await db.selectFrom('deposit').selectAll().orderBy('id').execute(),
    sightings: await db.selectFrom('sighting').selectAll().orderBy('block_hash').execute(),
    events: await db.selectFrom('event').selectAll().orderBy('position').execute(),
    blocks: await db.selectFrom('block').selectAll().orderBy('hash').execute(),
  }
}
