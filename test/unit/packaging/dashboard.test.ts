import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Metrics } from '../../../src/telemetry/metrics.ts'

interface Panel {
  readonly id: number
  readonly title: string
  readonly gridPos: {
    readonly x: number
    readonly y: number
    readonly w: number
    readonly h: number
  }
  readonly datasource?: { readonly uid: string }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

interface Metric {
  readonly name: string
  readonly type: string
  readonly labels: readonly string[]
}

const DASHBOARD = new URL('../../../grafana/dashboards/settled.json', import.meta.url)
const { panels } = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as { panels: Panel[] }
const queries = panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr, legendFormat }) => ({ title, expr, legend: legendFormat })),
)

const catalogue = new Map<string, Metric>()
for (const metric of new Metrics().registry.getMetricsAsArray()) {
  // prom-client keeps the label names on the metric; its types do not say so.
  const { name, type, labelNames } = metric as unknown as {
    name: string
    type: string
    labelNames: string[]
  }
  catalogue.set(name, { name, type, labels: labelNames })
}

/** The metric behind a series: a histogram is asked for by its buckets, sum or count. */
function metricOf(series: string): Metric | undefined {
  return catalogue.get(series) ?? catalogue.get(series.replace(/_(?:bucket|sum|count)$/, ''))
}

function seriesIn(expr: string): string[] {
  return expr.match(/\bsettled_\w+/g) ?? []
}

test('the catalogue and the dashboard are not empty', () => {
  assert.ok(catalogue.size > 0)
  assert.ok(queries.length > 0)
})

test('every series of the dashboard is one that settled exposes', () => {
  const unknown = queries.flatMap(({ title, expr }) =>
    seriesIn(expr)
      .filter((series) => metricOf(series) === undefined)
      .map((series) => `${title}: ${series}`),
  )
  assert.deepEqual(unknown, [])
})

test('every query asks for a series', () => {
  const without = queries.filter(({ expr }) => seriesIn(expr).length === 0)
  assert.deepEqual(without, [])
})

test('every metric of the catalogue is shown', () => {
  const shown = new Set(
    queries.flatMap(({ expr }) => seriesIn(expr).map((it) => metricOf(it)?.name)),
  )
  const hidden = [...catalogue.keys()].filter((name) => !shown.has(name))
  assert.deepEqual(hidden, [])
})

test('histograms are asked for by their series, counters as rates', () => {
  for (const { title, expr } of queries) {
    for (const series of seriesIn(expr)) {
      const metric = metricOf(series)
      if (metric?.type === 'histogram') assert.notEqual(series, metric.name, title)
      if (metric?.type === 'counter') assert.match(expr, /\b(?:rate|increase)\(/, title)
    }
  }
})

test('labels that a query or its legend names are labels of its metric', () => {
  for (const { title, expr, legend } of queries) {
    const known = new Set([
      'instance',
      'le',
      ...seriesIn(expr).flatMap((it) => metricOf(it)?.labels ?? []),
    ])
    const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) =>
      list.split(/,\s*/),
    )
    const selected = [...expr.matchAll(/[{,]\s*(\w+)\s*=/g)].map(([, label = '']) => label)
    const printed = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label)
    for (const label of [...grouped, ...selected, ...printed]) {
      assert.ok(known.has(label), `${title}: no label "${label}"`)
    }
  }
})

test('panels have ids of their own and do not overlap', () => {
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
  )
  assert.equal(new Set(cells).size, cells.length)
  assert.ok(panels.every(({ gridPos: { x, w } }) => x + w <= 24))
})

test('every panel reads from the provisioned datasource', () => {
  const file = new URL('../../../grafana/provisioning/datasources/prometheus.yml', import.meta.url)
  const uid = /uid: (\S+)/.exec(readFileSync(file, 'utf8'))?.[1]
  const others = panels.filter(
    ({ targets, datasource }) => targets !== undefined && datasource?.uid !== uid,
  )
  assert.deepEqual(
    others.map(({ title }) => title),
    [],
  )
})
