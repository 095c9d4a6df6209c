import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { sql } from 'kysely'
import { testDatabase } from '../support/database.ts'
import { dumpSchema, SCHEMA_FILE } from '../support/schema-dump.ts'

test('migrations/schema.sql shows what the migrations make', async (t) => {
  const { url } = await testDatabase(t)
  const written = await readFile(SCHEMA_FILE, 'utf8')
  assert.equal(written, await dumpSchema(url), 'run npm run schema:dump')
})

test('the dump shows every part of a table and refuses what it cannot show', async (t) => {
  const { db, url } = await testDatabase(t)
  await sql`drop schema public cascade; create schema public;`.execute(db)
  await sql`
    create table colour (
      id    bigint generated always as identity primary key,
      name  text not null unique check (name <> ''),
      hue   numeric(3, 0) default 0
    )`.execute(db)
  await sql`create index colour_hue on colour (hue) where hue > 0`.execute(db)
  await sql`comment on column colour.hue is 'degrees; 0 is red''s'`.execute(db)
  const dump = await dumpSchema(url)
  const table = `create table colour (
  id bigint not null generated always as identity,
  name text not null,
  hue numeric(3,0) default 0,
  constraint colour_pkey PRIMARY KEY (id),
  constraint colour_name_key UNIQUE (name),
  constraint colour_name_check CHECK ((name <> ''::text))
);
CREATE INDEX colour_hue ON public.colour USING btree (hue) WHERE (hue > (0)::numeric);
comment on column colour.hue is 'degrees; 0 is red''s';
`
  assert.equal(dump.slice(dump.indexOf('\n\n') + 2), table)
  await sql`create view hues as select hue from colour`.execute(db)
  await assert.rejects(dumpSchema(url), /does not know how to show: hues/)
})
