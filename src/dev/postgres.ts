import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { chmod, chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import pg from 'pg'
import { AppError } from '../domain/error.ts'
import { assert } from '../lib/assert.ts'
import { systemClock } from '../lib/clock.ts'
import { isOpen, postgresBinaries, unprivilegedUser, type User } from './postgres-binaries.ts'

export interface PostgresOptions {
  /** Holds the cluster and its log; created when missing. Run as root, its parents must be open to all users. */
  readonly directory: string
  /** A free one by default. */
  readonly port?: number
  /** False: no fsync, for databases that are thrown away. A crash of the machine may corrupt them. */
  readonly durable?: boolean
}

export interface Postgres {
  readonly url: string
  /** Ends all sessions, shuts down and waits until the process is gone. */
  stop(): Promise<void>
}

/** The password-less superuser: the server listens on loopback only, and is for development and tests. */
const SUPERUSER = 'settled'
const START_MS_MAX = 30_000
const STOP_MS_MAX = 20_000
const POLL_MS = 20

/** Starts a PostgreSQL server of our own; one that an earlier, killed run left in the directory is stopped first. */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const directory = path.resolve(options.directory)
  const user = await unprivilegedUser()
  await mkdir(directory, { recursive: true })
  if (user !== null) await handOver(directory, user)
  const cluster: Cluster = {
    data: path.join(directory, 'data'),
    log: path.join(directory, 'postgres.log'),
    binaries: await postgresBinaries(directory, user),
    user,
  }
  if ((await readPidFile(cluster.data)) === null) await initialize(cluster)
  const owner = path.join(directory, 'owner.pid')
  await stopLeftover(cluster.data, owner)
  await writeFile(owner, `${process.pid}\n`)

  const port = options.port ?? (await freePort())
  const server = launch(cluster, 'postgres', serverArguments(cluster.data, port, options.durable))
  await untilReady(server, cluster)
  return {
    url: `postgres://${SUPERUSER}@127.0.0.1:${port}/postgres`,
    stop: () => stopServer(server),
  }
}

async function handOver(directory: string, user: User): Promise<void> {
  await chown(directory, user.uid, user.gid)
  await chmod(directory, 0o755)
  if (await isOpen(directory)) return
  throw new AppError(
    'misconfigured',
    `PostgreSQL does not run as root, and other users cannot enter ${directory}: choose a directory outside root's home, or set DATABASE_URL`,
  )
}

interface Cluster {
  readonly data: string
  readonly log: string
  /** The folder of `initdb` and `postgres`. */
  readonly binaries: string
  readonly user: User | null
}

/** Into a sibling that is renamed when complete: a cluster that was killed half-made is never mistaken for one. */
async function initialize({ data, ...rest }: Cluster): Promise<void> {
  if (await exists(path.join(data, 'PG_VERSION'))) return
  const draft = `${data}.new`
  await rm(draft, { recursive: true, force: true })
  const cluster = { data: draft, ...rest }
  const initdb = launch(cluster, 'initdb', [
    `--pgdata=${draft}`,
    `--username=${SUPERUSER}`,
    '--auth=trust',
    '--encoding=UTF8',
    '--locale=C.UTF-8',
    '--no-sync',
  ])
  const code = await exited(initdb)
  if (code !== 0) throw new Error(`initdb failed with ${code}:\n${await tail(cluster.log)}`)
  await rename(draft, data)
}

function serverArguments(data: string, port: number, durable = true): string[] {
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 200,
    timezone: 'UTC',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return ['-D', data, ...flags]
}

/**
 * In a process group of its own, so that Ctrl-C in a terminal reaches us first and we can close our connections
 * before the server goes. Output goes to a file: a pipe would break when we are killed and the server stays.
 */
function launch(cluster: Cluster, program: string, args: string[]): ChildProcess {
  const log = openSync(cluster.log, 'a')
  try {
    return spawn(path.join(cluster.binaries, program), args, {
      cwd: cluster.binaries,
      env: { LC_ALL: 'C.UTF-8', TZ: 'UTC' },
      stdio: ['ignore', log, log],
      detached: true,
      ...cluster.user,
    })
  } finally {
    closeSync(log)
  }
}

async function untilReady(server: ChildProcess, cluster: Cluster): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + START_MS_MAX
  while (systemClock.monotonicMs() < deadlineMs) {
    const pidFile = await readPidFile(cluster.data)
    if (pidFile?.pid === server.pid && pidFile?.status === 'ready') return
    if (hasExited(server)) break
    await systemClock.sleep(POLL_MS)
  }
  server.kill('SIGQUIT')
  throw new Error(`PostgreSQL did not start; ${cluster.log} ends with:\n${await tail(cluster.log)}`)
}

/** SIGINT is PostgreSQL's fast shutdown: sessions are ended, the data is left clean. */
async function stopServer(server: ChildProcess): Promise<void> {
  if (hasExited(server)) return
  const gone = exited(server)
  server.kill('SIGINT')
  const kill = new AbortController()
  void systemClock.sleep(STOP_MS_MAX, kill.signal).then(() => {
    if (!kill.signal.aborted) server.kill('SIGQUIT')
  })
  await gone
  kill.abort()
}

/** A server whose parent was killed lives on. It is told apart from a reused process id by asking it who it is. */
async function stopLeftover(data: string, owner: string): Promise<void> {
  const pidFile = await readPidFile(data)
  if (pidFile === null || !isAlive(pidFile.pid)) return
  if ((await dataDirectoryOf(pidFile.port)) !== data) return
  const ownerPid = Number(await readFile(owner, 'utf8').catch(() => ''))
  if (ownerPid > 0 && isAlive(ownerPid)) {
    throw new AppError(
      'misconfigured',
      `${path.dirname(data)} is in use by process ${ownerPid}: stop it, or choose another directory`,
    )
  }
  process.kill(pidFile.pid, 'SIGINT')
  const deadlineMs = systemClock.monotonicMs() + STOP_MS_MAX
  while (isAlive(pidFile.pid)) {
    assert(systemClock.monotonicMs() < deadlineMs, `PostgreSQL ${pidFile.pid} did not stop`)
    await systemClock.sleep(POLL_MS)
  }
}

async function dataDirectoryOf(port: number): Promise<string | null> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: SUPERUSER,
    database: 'postgres',
    connectionTimeoutMillis: 2_000,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ data_directory: string }>('show data_directory')
    return rows[0]?.data_directory ?? null
  } catch {
    return null
  } finally {
    await client.end()
  }
}

interface PidFile {
  readonly pid: number
  readonly port: number
  readonly status: string
}

/** `postmaster.pid`, line by line: pid, data directory, start time, port, socket, address, memory key, status. */
async function readPidFile(data: string): Promise<PidFile | null> {
  const text = await readFile(path.join(data, 'postmaster.pid'), 'utf8').catch(() => null)
  if (text === null) return null
  const lines = text.split('\n').map((line) => line.trim())
  return { pid: Number(lines[0]), port: Number(lines[3]), status: lines[7] ?? '' }
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

function exited(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code))
  })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  assert(typeof address === 'object' && address !== null, 'a TCP server has a port')
  return address.port
}

async function exists(file: string): Promise<boolean> {
  return (await readFile(file).catch(() => null)) !== null
}

async function tail(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n').slice(-20).join('\n')
}
