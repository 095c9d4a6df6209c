import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

const RULES = path.resolve(import.meta.dirname, '../../grafana/prometheus/alerts.yml')
const READY_MS_MAX = 120_000
const READY_POLL_MS = 50

/** A series of an answer: its labels, and pairs of Unix seconds and value. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly points: readonly (readonly [number, number])[]
}

export interface Span {
  /** Unix seconds. */
  readonly from: number
  readonly to: number
  readonly stepSeconds: number
}

export interface Prometheus extends AsyncDisposable {
  /** What an expression says now. */
  query(expr: string): Promise<Series[]>
  queryRange(expr: string, span: Span): Promise<Series[]>
  /** Every alert as it was judged last. */
  alerts(): Promise<JudgedAlert[]>
}

export interface JudgedAlert {
  readonly name: string
  readonly state: 'inactive' | 'pending' | 'firing' | 'unknown'
  /** What went wrong with its expression, if anything. */
  readonly lastError?: string
}

/** A Prometheus of one's own with the real rules, on the loopback, that looks at one daemon every second. */
export async function startPrometheus(target: string): Promise<Prometheus> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'settled-prometheus-'))
  const config = path.join(directory, 'prometheus.yml')
  await writeFile(config, configFor(target))
  const server = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${path.join(directory, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
      '--log.level=info',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const stop = async (): Promise<void> => {
    await end(server)
    await rm(directory, { recursive: true, force: true })
  }
  try {
    const url = `http://${await listeningOn(server)}`
    await untilReady(url)
    return { ...client(url), [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function configFor(target: string): string {
  return JSON.stringify({
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [RULES],
    scrape_configs: [{ job_name: 'settled', static_configs: [{ targets: [target] }] }],
  })
}

/** It says which port it was given. */
async function listeningOn(server: ChildProcess): Promise<string> {
  const said: string[] = []
  const failed = once(server, 'error').then(([error]) => {
    const remedy = 'Debian: apt-get install prometheus'
    throw new Error(`prometheus does not start: ${remedy}`, { cause: error })
  })
  const heard = (async () => {
    if (server.stderr === null) throw new Error('its log is not read')
    for await (const line of createInterface(server.stderr)) {
      said.push(line)
      const [, address] = /Listening on"? address=(127\.0\.0\.1:\d+)/.exec(line) ?? []
      if (address !== undefined) return address
    }
    throw new Error(`prometheus ended:\n${said.join('\n')}`)
  })()
  const address = await Promise.race([heard, failed])
  // Nobody reads on, and a pipe that is full would stop it.
  server.stderr?.resume()
  return address
}

/** It listens before it can answer, while it opens its data. */
async function untilReady(url: string): Promise<void> {
  const deadline = Date.now() + READY_MS_MAX
  while (!(await fetch(`${url}/-/ready`)).ok) {
    if (Date.now() > deadline) throw new Error(`prometheus is not ready after ${READY_MS_MAX} ms`)
    await sleep(READY_POLL_MS)
  }
}

async function end(server: ChildProcess): Promise<void> {
  if (server.pid === undefined || server.exitCode !== null) return
  const ended = once(server, 'exit')
  server.kill('SIGTERM')
  await ended
}

interface Answer {
  readonly status: string
  readonly error?: string
  readonly data: {
    readonly result: readonly {
      readonly metric: Record<string, string>
      readonly value?: [number, string]
      readonly values?: [number, string][]
    }[]
  }
}

function client(url: string): Omit<Prometheus, typeof Symbol.asyncDispose> {
  const ask = async (api: string, fields: Record<string, string>): Promise<Series[]> => {
    const response = await fetch(`${url}/api/v1/${api}`, {
      method: 'POST',
      body: new URLSearchParams(fields),
    })
    const { status, error, data } = (await response.json()) as Answer
    if (status !== 'success') throw new Error(`${fields['query']}: ${error}`)
    return data.result.map(({ metric, value, values }) => ({
      metric,
      points: (values ?? (value === undefined ? [] : [value])).map(
        ([seconds, text]) => [seconds, Number(text)] as const,
      ),
    }))
  }
  return {
    alerts: async () => {
      const { data } = (await (await fetch(`${url}/api/v1/rules?type=alert`)).json()) as {
        data: { groups: { rules: JudgedAlert[] }[] }
      }
      return data.groups.flatMap(({ rules }) => rules)
    },
    query: (expr) => ask('query', { query: expr }),
    queryRange: (expr, { from, to, stepSeconds }) =>
      ask('query_range', { query: expr, start: `${from}`, end: `${to}`, step: `${stepSeconds}` }),
  }
}
