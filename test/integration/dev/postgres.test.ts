import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import pg from 'pg'
import { startPostgres, type Postgres } from '../../../src/dev/postgres.ts'

/** A directory for one cluster; what was started in it is stopped before it is removed. */
async function testCluster(t: TestContext) {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'settled-postgres-'))
  const servers: Postgres[] = []
  t.after(async () => {
    for (const server of servers) await server.stop()
    await rm(directory, { recursive: true })
  })
  const start = async (durable: boolean) => {
    const server = await startPostgres({ directory, durable })
    servers.push(server)
    return server
  }
  return { directory, start }
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query({ text, rowMode: 'array' })
    return rows.flat()
  } finally {
    await client.end()
  }
}

test('a new cluster is UTF-8, in UTC, durable and only on loopback', async (t) => {
  const cluster = await testCluster(t)
  const server = await cluster.start(true)
  assert.match(server.url, /^postgres:\/\/settled@127\.0\.0\.1:\d+\/postgres$/)
  const settings = await query(
    server.url,
    `select current_setting(name) from unnest(array[
       'server_encoding', 'timezone', 'fsync', 'listen_addresses', 'unix_socket_directories'
     ]) as name`,
  )
  assert.deepEqual(settings, ['UTF8', 'UTC', 'on', '127.0.0.1', ''])
  const locale = await query(server.url, 'select distinct datcollate from pg_database')
  assert.deepEqual(locale, ['C.UTF-8'])
})

test('data survives a restart, and stopping waits until the server is gone', async (t) => {
  const cluster = await testCluster(t)
  const first = await cluster.start(false)
  assert.deepEqual(await query(first.url, 'show fsync'), ['off'])
  await query(first.url, 'create table kept as select 7 as number')
  await first.stop()
  await assert.rejects(query(first.url, 'select 1'), { code: 'ECONNREFUSED' })
  const second = await cluster.start(false)
  assert.deepEqual(await query(second.url, 'select number from kept'), [7])
})

test('a server whose parent was killed is stopped and replaced', async (t) => {
  const cluster = await testCluster(t)
  const module = new URL('../../../src/dev/postgres.ts', import.meta.url).href
  const script = `
    const { startPostgres } = await import(${JSON.stringify(module)})
    const { url } = await startPostgres({ directory: ${JSON.stringify(cluster.directory)} })
    process.stdout.write(url)
    setInterval(() => undefined, 1e6)`
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [orphanUrl] = (await once(parent.stdout, 'data')).map(String)
  assert.ok(orphanUrl !== undefined)
  await query(orphanUrl, 'create table kept as select 7 as number')
  parent.kill('SIGKILL')
  await once(parent, 'exit')
  assert.deepEqual(await query(orphanUrl, 'select number from kept'), [7], 'the orphan lives')

  const server = await cluster.start(true)
  await assert.rejects(query(orphanUrl, 'select 1'), { code: 'ECONNREFUSED' })
  assert.deepEqual(await query(server.url, 'select number from kept'), [7])
})

test('a directory whose server is in use is refused, and the server goes on', async (t) => {
  const cluster = await testCluster(t)
  const server = await cluster.start(false)
  await assert.rejects(cluster.start(false), {
    code: 'misconfigured',
    message: new RegExp(`is in use by process ${process.pid}: `),
  })
  assert.deepEqual(await query(server.url, 'select 1'), [1])
})
