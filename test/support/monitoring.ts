import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import { Metrics } from '../../src/telemetry/metrics.ts'

const GRAFANA = path.resolve(import.meta.dirname, '../../grafana')

/** A panel as Grafana reads it. Rows are panels without targets. */
export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly gridPos: {
    readonly x: number
    readonly y: number
    readonly w: number
    readonly h: number
  }
  readonly datasource?: { readonly uid: string }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
  readonly fieldConfig?: {
    readonly defaults: { readonly unit: string; readonly custom?: { readonly stacking?: object } }
  }
}

export interface Board {
  readonly file: string
  readonly uid: string
  readonly title: string
  readonly panels: readonly Panel[]
}

export interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly runbook: string }
}

/** Something that is asked of Prometheus, and where. */
export interface Asked {
  readonly where: string
  readonly expr: string
  readonly legend: string
}

export interface Metric {
  readonly name: string
  readonly type: string
  readonly labels: readonly string[]
}

export function readBoards(): Board[] {
  return globSync('dashboards/*.json', { cwd: GRAFANA })
    .toSorted()
    .map((file) => ({ file, ...JSON.parse(readFileSync(path.join(GRAFANA, file), 'utf8')) }))
}

export function readAlerts(): Alert[] {
  const text = readFileSync(path.join(GRAFANA, 'prometheus/alerts.yml'), 'utf8')
  const { groups } = parse(text) as { groups: { rules: Alert[] }[] }
  return groups.flatMap(({ rules }) => rules)
}

export function panelQueries(boards: readonly Board[]): Asked[] {
  return boards.flatMap(({ title: board, panels }) =>
    panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr, legendFormat: legend }) => ({
        where: `${board} › ${title}`,
        expr,
        legend,
      })),
    ),
  )
}

export function alertQueries(alerts: readonly Alert[]): Asked[] {
  return alerts.map(({ alert, expr, annotations }) => ({
    where: alert,
    expr,
    // What a summary prints are labels as much as what a legend prints.
    legend: annotations.summary.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, '{{$1}}'),
  }))
}

/** The metrics that settled exposes, by name. */
export function exposedMetrics(): ReadonlyMap<string, Metric> {
  const metrics = new Metrics().registry.getMetricsAsArray().map((metric) => {
    // prom-client keeps the label names on the metric; its types do not say so.
    const { name, type, labelNames } = metric as unknown as {
      name: string
      type: string
      labelNames: string[]
    }
    return { name, type, labels: labelNames }
  })
  return new Map(metrics.map((metric) => [metric.name, metric]))
}

/** Names of series, with their selectors of labels: what has to be there for an expression to say anything. */
export function selectorsIn(expr: string): string[] {
  return expr.match(/\bsettled_\w+(?:\{[^}]*\})?/g) ?? []
}

export function seriesIn(expr: string): string[] {
  return expr.match(/\bsettled_\w+/g) ?? []
}

/** The metric behind a series: a histogram is asked for by its buckets, sum or count. */
export function metricOf(series: string, metrics: ReadonlyMap<string, Metric>): Metric | undefined {
  return metrics.get(series) ?? metrics.get(series.replace(/_(?:bucket|sum|count)$/, ''))
}
