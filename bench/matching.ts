import { sql } from 'kysely'
import type { Db } from '../src/store/database.ts'
import { startChild, type Child } from './child.ts'
import { interleave, median, target, type Bench, type Figure } from './harness.ts'
import { CHAIN, ENVIRONMENT, RAIL, type BenchPostgres } from './postgres.ts'

const SIZES = [1_000_000, 10_000_000]
const SIZES_SMALL = [200_000]
const ROUNDS = 5
const MEGABYTE = 1_000_000
const MEGABYTES_MAX = 150
/** A Set of ten million strings is larger than V8's default heap. */
const BIG_HEAP = '--max-old-space-size=8192'

interface Memory {
  readonly heldBytes: number
  /** Of the process before it knew an address. */
  readonly rssBefore: number
  readonly rss: number
  readonly loadedMs: number
}

/** Lookups per second and memory, against a JavaScript Set of all addresses and against asking only PostgreSQL. */
export async function matching({ postgres, small }: Bench): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const size of small ? SIZES_SMALL : SIZES) {
    figures.push(...(await matchingAt(postgres, size, small ? 1 : ROUNDS)))
  }
  return figures
}

async function matchingAt(
  postgres: BenchPostgres,
  size: number,
  rounds: number,
): Promise<Figure[]> {
  await using database = await postgres.create()
  await registerMany(database.db, size)
  const script = 'address-set.ts'
  await using filter = await startChild({ script, args: ['filter', database.url, size] })
  await using set = await startChild({
    script,
    args: ['set', database.url, size],
    execArgv: [BIG_HEAP],
  })
  const rate = (child: Child, question: string) => () => child.ask<number>(question)
  const inMemory = await interleave(rounds, {
    settled: rate(filter, 'memoryRate'),
    floor: rate(set, 'memoryRate'),
  })
  const exact = await interleave(rounds, {
    settled: rate(filter, 'exactRate'),
    floor: rate(filter, 'databaseRate'),
  })
  const ours = await filter.ask<Memory>('memory')
  const theirs = await set.ask<Memory>('memory')
  const megabytes = ours.heldBytes / MEGABYTE
  const before = Math.round(ours.rssBefore / MEGABYTE)
  const label = `${size.toLocaleString('en-US')} addresses`
  return [
    {
      name: `${label}: filter against a Set`,
      unit: 'transfers/s',
      kind: 'rate',
      settled: median(inMemory.settled),
      floor: median(inMemory.floor),
    },
    {
      name: `${label}: filter, then PostgreSQL, against PostgreSQL alone`,
      unit: 'transfers/s',
      kind: 'rate',
      settled: median(exact.settled),
      floor: median(exact.floor),
    },
    {
      name: `${label}: memory they take, filter against Set`,
      unit: 'MB',
      kind: 'size',
      settled: megabytes,
      floor: theirs.heldBytes / MEGABYTE,
      target: target(`≤ ${MEGABYTES_MAX} MB`, megabytes <= MEGABYTES_MAX),
    },
    {
      name: `${label}: process once loaded (${before} MB before)`,
      unit: 'MB',
      kind: 'size',
      settled: ours.rss / MEGABYTE,
      floor: theirs.rss / MEGABYTE,
    },
    {
      name: `${label}: loading them`,
      unit: 's',
      kind: 'time',
      settled: ours.loadedMs / 1000,
      floor: theirs.loadedMs / 1000,
    },
  ]
}

/** Indexes are built once the rows are there: ten million random keys, one by one, take half an hour. */
async function registerMany(db: Db, size: number): Promise<void> {
  await db.connection().execute(async (connection) => {
    await sql`set statement_timeout = 0`.execute(connection)
    await sql`set maintenance_work_mem = '1GB'`.execute(connection)
    const { rows } = await sql<{ name: string; definition: string }>`
      select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
      from pg_index left join pg_constraint on conindid = indexrelid
      where indrelid = 'deposit_address'::regclass and conindid is null`.execute(connection)
    for (const { name } of rows) await sql.raw(`drop index ${name}`).execute(connection)
    await sql`alter table deposit_address
      drop constraint deposit_address_environment_id_rail_address_key`.execute(connection)
    await sql`
      insert into deposit_address
        (environment_id, chain_id, rail, address, owner, registered_height, epoch, registered_at)
      select ${ENVIRONMENT}, ${CHAIN.id}, ${RAIL.rail.id}, substring(sha256(('address ' || n)::bytea) for 20),
        'customer', -1, 1, now()
      from generate_series(0, ${size - 1}::int) as n`.execute(connection)
    await sql`alter table deposit_address add unique (environment_id, rail, address)`.execute(
      connection,
    )
    for (const { definition } of rows) await sql.raw(definition).execute(connection)
    await sql`insert into address_epoch (chain_id, epoch) values (${CHAIN.id}, 1)`.execute(
      connection,
    )
    await sql`vacuum analyze deposit_address`.execute(connection)
  })
}
