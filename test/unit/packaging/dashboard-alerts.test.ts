import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { readAlerts, readBoards } from '../../support/monitoring.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8')

const alerts = readAlerts()
const SECTIONS = [
  'What it means',
  'What is at stake',
  'What to look at',
  'What to do',
  'When it clears',
]

test('every alert has a severity, a summary and a page of its own', () => {
  assert.ok(alerts.length >= 10)
  assert.equal(new Set(alerts.map(({ alert }) => alert)).size, alerts.length)
  for (const { alert, labels, annotations } of alerts) {
    assert.match(labels.severity, /^(?:critical|warning)$/, alert)
    assert.equal(annotations.runbook, `docs/runbooks/${alert}.md`)
    assert.ok(annotations.summary.length > 0, alert)
  }
})

test('every page belongs to an alert and says what it means, what to do and when it clears', () => {
  const pages = globSync('docs/runbooks/*.md', { cwd: ROOT })
  assert.deepEqual(
    pages.map((file) => path.parse(file).name).toSorted(),
    alerts.map(({ alert }) => alert).toSorted(),
  )
  for (const { alert, labels, annotations } of alerts) {
    const text = read(annotations.runbook)
    const titles = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title)
    assert.deepEqual(titles, SECTIONS, alert)
    assert.ok(text.startsWith(`# ${alert}\n\n*${labels.severity}*: `), alert)
  }
})

test('panels that a page sends its reader to exist', () => {
  const names = readBoards().flatMap(({ title, panels }) => [
    title.replace('settled: ', ''),
    ...panels.map((panel) => panel.title),
  ])
  // Prometheus has a page of that name itself.
  const known = new Set([...names, 'Targets', 'critical', 'warning'])
  for (const { annotations } of alerts) {
    const named = [...read(annotations.runbook).matchAll(/(?<!\*)\*([^*\n]+)\*(?!\*)/g)]
    for (const [, name = ''] of named) assert.ok(known.has(name), `${annotations.runbook}: ${name}`)
  }
})

test('every alert is tried, when it must fire and when it must not', () => {
  const { tests } = parse(read('test/prometheus/alerts.test.yml')) as {
    tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[]
  }
  const tried = tests.flatMap((it) => it.alert_rule_test)
  for (const { alert } of alerts) {
    const counts = tried
      .filter(({ alertname }) => alertname === alert)
      .map(({ exp_alerts }) => exp_alerts.length)
    assert.ok(counts.includes(0), `${alert} is never quiet`)
    assert.ok(
      counts.some((count) => count > 0),
      `${alert} never fires`,
    )
  }
})

test('the page about metrics lists every alert with its severity', () => {
  const rows = [
    ...read('docs/metrics.md').matchAll(/^\| \[(\w+)\]\(runbooks\/\1\.md\) \| (\w+) \|/gm),
  ]
  assert.deepEqual(
    rows.map(([, alert, severity]) => ({ alert, severity })),
    alerts.map(({ alert, labels }) => ({ alert, severity: labels.severity })),
  )
})

test('Prometheus is given the rules', () => {
  const { rule_files } = parse(read('grafana/prometheus/prometheus.yml')) as {
    rule_files: string[]
  }
  assert.deepEqual(rule_files, ['alerts.yml'])
  assert.ok(read('docker-compose.yml').includes('./grafana/prometheus:/etc/prometheus:ro'))
})
