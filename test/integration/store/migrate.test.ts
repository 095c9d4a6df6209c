import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { sql } from 'kysely'
import { openDatabase, type Db } from '../../../src/store/database.ts'
import { migrate, MIGRATIONS, pendingMigrations } from '../../../src/store/migrate.ts'
import { testDatabase } from '../../support/database.ts'

/** What is released; the tests add to it, whatever it is. */
const RELEASED = (await readdir(MIGRATIONS)).filter((name) => /^\d/.test(name)).toSorted()

/** A file name so many after the released ones. */
function later(by: number, name: string): string {
  return `${String(RELEASED.length + by).padStart(4, '0')}_${name}.sql`
}

async function migrationsWith(t: TestContext, files: Record<string, string>): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'settled-migrations-'))
  t.after(() => rm(directory, { recursive: true }))
  await cp(MIGRATIONS, directory, { recursive: true })
  for (const [name, text] of Object.entries(files))
    await writeFile(path.join(directory, name), text)
  return directory
}

async function tables(db: Db): Promise<string[]> {
  const { rows } = await sql<{ tablename: string }>`
    select tablename from pg_tables where schemaname = 'public'`.execute(db)
  return rows.map((row) => row.tablename)
}

test('a migrated database has nothing pending', async (t) => {
  const { db } = await testDatabase(t)
  assert.deepEqual(await pendingMigrations(db), [])
  assert.deepEqual(await migrate(db), { applied: [] })
  assert.ok((await tables(db)).includes('deposit'))
})

test('an empty database gets every migration, in order', async (t) => {
  const { db } = await testDatabase(t)
  await sql`drop schema public cascade`.execute(db)
  await sql`create schema public`.execute(db)
  const directory = await migrationsWith(t, {
    [later(1, 'colour')]: 'create table colour (name text);',
  })
  const all = [...RELEASED, later(1, 'colour')]
  assert.deepEqual(await pendingMigrations(db, directory), all)
  assert.deepEqual(await migrate(db, directory), { applied: all })
  assert.deepEqual(await pendingMigrations(db, directory), [])
})

test('a migration that fails leaves nothing of itself behind', async (t) => {
  const { db } = await testDatabase(t)
  const directory = await migrationsWith(t, {
    [later(1, 'broken')]: 'create table half (id int); select 1 / 0;',
  })
  await assert.rejects(migrate(db, directory), /division by zero/)
  assert.ok(!(await tables(db)).includes('half'))
  assert.deepEqual(await pendingMigrations(db, directory), [later(1, 'broken')])
})

test('a database of a later version is refused', async (t) => {
  const { db } = await testDatabase(t)
  const name = later(1, 'later')
  await migrate(db, await migrationsWith(t, { [name]: 'create table later (id int);' }))
  await assert.rejects(migrate(db), { code: 'database_newer', message: new RegExp(name) })
  await assert.rejects(pendingMigrations(db), { code: 'database_newer' })
})

test('a migration that was changed after it was applied is refused', async (t) => {
  const { db } = await testDatabase(t)
  const directory = await migrationsWith(t, { '0001_initial.sql': '-- rewritten history' })
  await assert.rejects(migrate(db, directory), {
    code: 'misconfigured',
    message: /0001_initial\.sql was changed/,
  })
})

test('a gap in the numbers is refused', async (t) => {
  const { db } = await testDatabase(t)
  const directory = await migrationsWith(t, { [later(2, 'gap')]: 'select 1;' })
  await assert.rejects(migrate(db, directory), /numbered without gaps: \d+_gap\.sql/)
})

test('daemons that start together apply each migration once', async (t) => {
  const { db, url } = await testDatabase(t)
  const directory = await migrationsWith(t, {
    [later(1, 'first')]: 'create table first (id int);',
    [later(2, 'second')]: 'create table second (id int);',
  })
  const other = openDatabase({ url, poolSize: 2, applicationName: 'other daemon' })
  t.after(() => other.destroy())
  const results = await Promise.all([migrate(db, directory), migrate(other, directory)])
  const applied = results.flatMap((result) => result.applied).toSorted()
  assert.deepEqual(applied, [later(1, 'first'), later(2, 'second')])
})
