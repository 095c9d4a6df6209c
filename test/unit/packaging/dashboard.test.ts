import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { DASHBOARDS, fileOf, textOf } from '../../../grafana/generate.ts'
import {
  alertQueries,
  exposedMetrics,
  metricOf,
  panelQueries,
  readAlerts,
  readBoards,
  seriesIn,
  type Board,
} from '../../support/monitoring.ts'

const boards = readBoards()
const metrics = exposedMetrics()
const panels = panelQueries(boards)
const queries = [...panels, ...alertQueries(readAlerts())]

const provisioned = (file: string): string =>
  readFileSync(new URL(`../../../grafana/provisioning/${file}`, import.meta.url), 'utf8')

function everyBoard(check: (board: Board) => void): void {
  assert.ok(boards.length > 0)
  for (const board of boards) check(board)
}

test('what is committed is what `node grafana/generate.ts` writes', () => {
  assert.deepEqual(
    boards.map(({ file }) => file),
    [...DASHBOARDS.keys()].map((name) => `dashboards/${name}.json`),
  )
  for (const [name, dashboard] of DASHBOARDS) {
    assert.equal(readFileSync(fileOf(name), 'utf8'), textOf(dashboard), name)
  }
})

test('every series that a panel or an alert names is one that settled exposes', () => {
  assert.ok(metrics.size > 0)
  const unknown = queries.flatMap(({ where, expr }) =>
    seriesIn(expr)
      .filter((series) => metricOf(series, metrics) === undefined)
      .map((series) => `${where}: ${series}`),
  )
  assert.deepEqual(unknown, [])
})

test('every query asks for a series', () => {
  const without = queries.filter(({ expr }) => seriesIn(expr).length === 0)
  assert.deepEqual(without, [])
})

test('every metric that settled exposes is asked for by a panel or an alert', () => {
  const asked = new Set(
    queries.flatMap(({ expr }) => seriesIn(expr).map((it) => metricOf(it, metrics)?.name)),
  )
  const unasked = [...metrics.keys()].filter((name) => !asked.has(name))
  assert.deepEqual(unasked, [])
})

test('histograms are asked for by their series, counters as rates', () => {
  for (const { where, expr } of queries) {
    for (const series of seriesIn(expr)) {
      const metric = metricOf(series, metrics)
      if (metric?.type === 'histogram') assert.notEqual(series, metric.name, where)
      if (metric?.type === 'counter') assert.match(expr, /\b(?:rate|increase)\(/, where)
    }
  }
})

test('labels that a query, its legend or its summary name are labels of its metric', () => {
  for (const { where, expr, legend } of queries) {
    const known = new Set([
      'instance',
      'le',
      ...seriesIn(expr).flatMap((it) => metricOf(it, metrics)?.labels ?? []),
    ])
    const grouped = [...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) =>
      list.split(/,\s*/),
    )
    const selected = [...expr.matchAll(/[{,]\s*(\w+)\s*=/g)].map(([, label = '']) => label)
    const printed = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label)
    for (const label of [...grouped, ...selected, ...printed]) {
      assert.ok(known.has(label), `${where}: no label "${label}"`)
    }
  }
})

test('a legend prints only labels that its query keeps', () => {
  for (const { where, expr, legend } of panels) {
    if (!expr.includes(' by (')) continue
    const kept = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) =>
      list.split(/,\s*/),
    )
    for (const [, label = ''] of legend.matchAll(/\{\{(\w+)\}\}/g)) {
      assert.ok(kept.includes(label), `${where}: "${label}" is aggregated away`)
    }
  }
})

test('gauges are not added up over daemons that all say the same', () => {
  for (const { where, expr } of panels) {
    for (const [, series = ''] of expr.matchAll(/\bsum(?: by \([^)]*\))? ?\((settled_\w+)/g)) {
      // The one gauge of which each daemon has its own.
      if (series !== 'settled_lease_held') assert.fail(`${where}: ${series} is summed`)
    }
  }
})

test('panels say what they show, have ids of their own and do not overlap', () => {
  everyBoard(({ title, panels: members }) => {
    assert.equal(new Set(members.map(({ id }) => id)).size, members.length, title)
    const cells = members.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    )
    assert.equal(new Set(cells).size, cells.length, title)
    assert.ok(members.every(({ gridPos: { x, w } }) => x + w <= 24))
    const mute = members.filter(({ targets, description }) => targets && !description)
    assert.deepEqual(mute, [], title)
  })
})

test('dashboards have uids of their own, and every panel reads from the provisioned datasource', () => {
  assert.equal(new Set(boards.map(({ uid }) => uid)).size, boards.length)
  const uid = /uid: (\S+)/.exec(provisioned('datasources/prometheus.yml'))?.[1]
  everyBoard(({ title, panels: members }) => {
    const others = members.filter(({ targets, datasource }) => targets && datasource?.uid !== uid)
    assert.deepEqual(others, [], title)
  })
})

test('Grafana looks for dashboards where the container has them', () => {
  const compose = readFileSync(new URL('../../../docker-compose.yml', import.meta.url), 'utf8')
  const [, folder] = /path: (\S+)/.exec(provisioned('dashboards/settled.yml')) ?? []
  assert.ok(compose.includes(`./grafana/dashboards:${folder}:ro`))
})
