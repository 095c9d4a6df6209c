import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/lib/clock.ts'
import { runLoop } from '../../../src/lib/loop.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { Report } from '../../../src/telemetry/report.ts'

interface Line {
  readonly level: string
  readonly msg: string
  readonly failures: number
  readonly err?: { readonly message: string; readonly stack: string }
}

/** What a loop says that fails with these errors, one after the other; null is a success. */
async function saidAbout(errors: readonly (Error | null)[], outcome = 'done'): Promise<Line[]> {
  const lines: Line[] = []
  const write = (text: string) => void lines.push(JSON.parse(text) as Line)
  const report = new Report(createLogger({ level: 'info', destination: { write } }), new Metrics())
  const stopping = new AbortController()
  const left = [...errors]
  let passedMs = 0
  const clock = {
    ...systemClock,
    monotonicMs: () => passedMs,
    sleep: async (ms: number) => void (passedMs += ms),
  }
  const actor = {
    name: 'scripted',
    async tick() {
      const error = left.shift()
      if (left.length === 0) stopping.abort()
      if (error) throw error
      return { pace: 'idle', name: outcome } as const
    },
  }
  await runLoop(actor, {
    clock,
    signal: stopping.signal,
    idleMs: 1_000,
    errorMsMax: 1_000,
    onOutcome: (it, found) => report.tick(it, found),
    onError: (it, failing) => report.tickFailed(it, failing),
    onRecovered: (it, failed) => report.tickRecovered(it, failed),
  })
  return lines
}

const refused = () => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
const terminated = () => Object.assign(new Error('terminating connection'), { code: '57P01' })

test('a loop says once that it fails and once that it recovered, for how long and how often', async () => {
  const bug = () => new Error('a bug')
  const lines = await saidAbout([null, bug(), bug(), bug(), null, null])
  assert.deepEqual(
    lines.map(({ level, msg, failures }) => [level, msg, failures]),
    [
      ['error', 'failing: a bug', 1],
      ['info', 'recovered after 3 s', 3],
    ],
  )
  assert.match(lines[0]?.err?.stack ?? '', /report\.test\.ts/)
})

test('another kind of failure is a change worth a line', async () => {
  const lines = await saidAbout([
    new Error('first'),
    new TypeError('second'),
    new TypeError('third'),
  ])
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    ['failing: first', 'failing: second'],
  )
})

test('an outage of the database is one kind, whatever its words, and has no stack', async () => {
  const lines = await saidAbout([terminated(), refused(), refused(), null])
  assert.deepEqual(
    lines.map(({ msg, err }) => [msg, err]),
    [
      ['failing: the database cannot be reached; look at PostgreSQL and DATABASE_URL', undefined],
      ['recovered after 3 s', undefined],
    ],
  )
})

test('who stands by after failing has not recovered by that', async () => {
  const lines = await saidAbout([refused(), null], 'standby')
  assert.equal(lines.at(-1)?.msg, 'stands by after failing for 1 s')
})

test('a band has its times before the first of them is known, and keeps them when the next deposit waits', async () => {
  const metrics = new Metrics()
  const report = new Report(createLogger({ level: 'silent' }), metrics)
  const counts = async (): Promise<number[]> => {
    const text = await metrics.registry.getSingleMetricAsString('settled_time_to_confirmed_seconds')
    return [...text.matchAll(/_count\{.*\} (\d+)$/gm)].map(([, count]) => Number(count))
  }
  const band = { rail: 'anvil/usdt', band: '3 conf' }
  report.awaited(band.rail, band.band)
  assert.deepEqual(await counts(), [0])
  report.waited({ ...band, until: 'confirmed', seconds: 9 })
  report.awaited(band.rail, band.band)
  assert.deepEqual(await counts(), [1])
})

test('attempts after the first are retries, and 401 and 403 are told from other refusals', async () => {
  const metrics = new Metrics()
  const report = new Report(createLogger({ level: 'silent' }), metrics)
  for (const [attempt, status] of [
    [1, 401],
    [2, 500],
    [3, 403],
    [4, null],
  ] as const) {
    report.attempted({
      environment: 'acme-test',
      endpointId: 'ep_1',
      eventId: 'evt_1',
      deliveryId: 1,
      depositId: 'dep_1',
      attempt,
      outcome: status === null ? 'timeout' : 'rejected',
      status,
      durationMs: 5,
      decision: 'retry',
      nextAttemptAt: null,
      error: null,
    })
  }
  const text = await metrics.registry.metrics()
  assert.match(text, /^settled_delivery_retries_total 3$/m)
  assert.match(text, /^settled_delivery_unauthorized_total 2$/m)
})
