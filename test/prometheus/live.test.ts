import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { readCursor } from '../../src/block/block-store.ts'
import { startStack, type Stack } from '../../src/dev/stack.ts'
import { systemEnv } from '../../src/lib/env.ts'
import type { Db } from '../../src/store/database.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { testDatabase } from '../support/database.ts'
import {
  alertQueries,
  panelQueries,
  readAlerts,
  readBoards,
  selectorsIn,
} from '../support/monitoring.ts'
import { startPrometheus, type Prometheus } from './prometheus.ts'
import { playRound, playStream, registerPayers } from './traffic.ts'

/** Between two looks at what is still missing. */
const POLL_MS = 250
/** Far above what it takes; a query that has no answer by then has none. */
const PATIENCE_MS = 120_000

async function runningStack(t: TestContext): Promise<{ stack: Stack; db: Db }> {
  const { db, url: databaseUrl } = await testDatabase(t)
  const stack = await startStack({
    env: systemEnv,
    log: createLogger({ level: 'silent' }),
    network: { blockSeconds: null, finalAfter: 6 },
    databaseUrl,
    port: 0,
  })
  t.after(() => stack.stop())
  return { stack, db }
}

/** Until the daemon has followed every chain to its head: what it has not seen by then no reorg can take back. */
async function untilFollowed({ networks }: Stack, db: Db): Promise<void> {
  for (const network of networks) {
    const head = await network.headHeight()
    while ((await readCursor(db, network.facts.chain.id))?.height !== head) await sleep(POLL_MS)
  }
}

/** Resolves with what has still no answer when time is up; with nothing as soon as all have one. */
async function unanswered(
  wanted: readonly string[],
  hasAnswer: (expr: string) => Promise<boolean>,
): Promise<string[]> {
  const deadline = Date.now() + PATIENCE_MS
  let missing = [...new Set(wanted)]
  for (;;) {
    const answers = await Promise.all(missing.map(hasAnswer))
    missing = missing.filter((_, index) => answers[index] === false)
    if (missing.length === 0 || Date.now() > deadline) return missing
    await sleep(POLL_MS)
  }
}

/** A number, not merely a series: the share of nothing in nothing is none. */
async function saysSomething(prometheus: Prometheus, expr: string): Promise<boolean> {
  const series = await prometheus.query(expr)
  return series.some(({ points }) => points.some(([, value]) => Number.isFinite(value)))
}

/** A reorg that no policy minds and a receiver that refuses twice are nobody's concern. */
async function assertAllIsWell(prometheus: Prometheus): Promise<void> {
  const alerts = await prometheus.alerts()
  assert.equal(alerts.length, readAlerts().length)
  const notable = alerts.filter(
    ({ state, lastError }) => state === 'firing' || (lastError ?? '') !== '',
  )
  assert.deepEqual(
    notable.map(({ name, state, lastError }) => ({ name, state, lastError })),
    [],
  )
}

test('every panel and every alert has data of a real daemon, and its output is as Prometheus wants it', async (t) => {
  const { stack, db } = await runningStack(t)
  await using prometheus = await startPrometheus(new URL(stack.api.url).host)
  const isSaid = (expr: string): Promise<boolean> => saysSomething(prometheus, expr)
  // A first scrape, so that what happens from here on is a rise.
  assert.deepEqual(await unanswered(['settled_transitions_total'], isSaid), [])

  await registerPayers(stack)
  stack.receiver.behave({ kind: 'status', status: 401 }, 2)
  const nextBlock = async (): Promise<void> => {
    await Promise.all(stack.networks.map((network) => network.mine()))
    await untilFollowed(stack, db)
  }
  await playRound(stack, { tokens: 250n, reorg: true, nextBlock })
  const waited = ['confirmed', 'final'].map((state) => `settled_time_to_${state}_seconds_count > 0`)
  assert.deepEqual(await unanswered(waited, isSaid), [], 'no deposit was confirmed and final')
  await playRound(stack, { tokens: 40n, reorg: false, nextBlock })
  // Those that change no more are added up seldom; the gauges show at once only what is still on its way.
  await playStream(stack, { tokens: 40n, nextBlock })

  const panels = panelQueries(readBoards()).map(({ expr }) => expr)
  assert.deepEqual(await unanswered(panels, isSaid), [], 'panels without data')
  const selectors = alertQueries(readAlerts()).flatMap(({ expr }) => selectorsIn(expr))
  assert.deepEqual(await unanswered(selectors, isSaid), [], 'alerts that look at nothing')

  await assertAllIsWell(prometheus)
  const exposed = await (await fetch(`${stack.api.url}/metrics`)).text()
  execFileSync('promtool', ['check', 'metrics'], { input: exposed, stdio: 'pipe' })
})
