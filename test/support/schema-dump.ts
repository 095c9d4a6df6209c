import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { MIGRATIONS } from '../../src/store/migrate.ts'
import { startTestServer } from './server.ts'

/** What all migrations together make, for people to read and for reviews to diff. It is never applied. */
export const SCHEMA_FILE = path.join(MIGRATIONS, 'schema.sql')

const HEADER = `-- The schema after all migrations, written by \`npm run schema:dump\`. For reading; never applied.\n`

/** Reads the catalogue in a fixed order, so that equal schemas give equal text. */
export async function dumpSchema(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await refuseUnknownObjects(client)
    const { rows: tables } = await client.query<{ oid: string; name: string }>(`
      select oid, relname as name from pg_class
      where relnamespace = 'public'::regnamespace and relkind = 'r' order by relname`)
    const sections = [HEADER]
    for (const table of tables) sections.push(await dumpTable(client, table))
    return sections.join('\n')
  } finally {
    await client.end()
  }
}

/** A kind of object this dump does not show must not slip in unseen. */
async function refuseUnknownObjects(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(`
    select relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('v', 'm', 'f', 'p')
    union all select proname from pg_proc where pronamespace = 'public'::regnamespace
    union all select typname from pg_type where typnamespace = 'public'::regnamespace and typtype in ('e', 'd')
    union all select tgname from pg_trigger where not tgisinternal`)
  if (rows.length === 0) return
  throw new Error(
    `the schema dump does not know how to show: ${rows.map((row) => row.name).join(', ')}`,
  )
}

async function dumpTable(client: pg.Client, table: { oid: string; name: string }): Promise<string> {
  const lines = async (query: string): Promise<string[]> =>
    (await client.query<{ line: string }>(query, [table.oid])).rows.map((row) => row.line)
  const columns = await lines(COLUMNS)
  const constraints = await lines(CONSTRAINTS)
  const indexes = await lines(INDEXES)
  const comments = await lines(COMMENTS)
  const body = [...columns, ...constraints].map((line) => `  ${line}`).join(',\n')
  return [`create table ${table.name} (\n${body}\n);`, ...indexes, ...comments, ''].join('\n')
}

const COLUMNS = `
  select concat_ws(' ', attname, format_type(atttypid, atttypmod),
    case when attnotnull then 'not null' end,
    case when attidentity = 'a' then 'generated always as identity' end,
    'default ' || pg_get_expr(adbin, adrelid)) as line
  from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
  where attrelid = $1 and attnum > 0 and not attisdropped order by attnum`

/** PostgreSQL 18 also lists not-null constraints, which the columns show already. */
const CONSTRAINTS = `
  select 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) as line
  from pg_constraint where conrelid = $1 and contype <> 'n'
  order by array_position('{p,u,f,c}', contype::text), conname`

const INDEXES = `
  select pg_get_indexdef(indexrelid) || ';' as line
  from pg_index where indrelid = $1
    and not exists (select from pg_constraint where conindid = indexrelid and conrelid = indrelid)
  order by indexrelid::regclass::text`

const COMMENTS = `
  select 'comment on ' || case when objsubid = 0 then 'table ' || $1::oid::regclass
    else 'column ' || $1::oid::regclass || '.' || attname end
    || ' is ' || quote_literal(description) || ';' as line
  from pg_description left join pg_attribute on attrelid = objoid and attnum = objsubid
  where objoid = $1 and classoid = 'pg_class'::regclass order by objsubid`

if (import.meta.main) {
  await using server = await startTestServer(process.env['DATABASE_URL'])
  await writeFile(SCHEMA_FILE, await dumpSchema(server.templateUrl))
  console.log(`wrote ${SCHEMA_FILE}`)
}
