/** One line of a panel: what is asked, and what its answers are called. */
export interface Query {
  readonly expr: string
  readonly legend: string
}

/** `stat`: the last value, large. `bars`: the last value of each series. The others: values over time. */
export type PanelKind = 'stat' | 'bars' | 'lines' | 'stacked'

export interface Panel {
  readonly kind: PanelKind
  readonly title: string
  /** What it shows and what to make of it, for whoever looks at it for the first time. */
  readonly about: string
  /** Grafana's name of the unit. `short`: a plain number. */
  readonly unit: 'short' | 's' | 'cps' | 'reqps' | 'percentunit'
  readonly queries: readonly Query[]
  /** From this value on it is red. */
  readonly redFrom?: number
}

export interface Row {
  readonly title: string
  /** They share the width. */
  readonly panels: readonly Panel[]
}

export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly rows: readonly Row[]
}

const DATASOURCE = { type: 'prometheus', uid: 'prometheus' }
const COLUMNS = 24
const HEIGHTS: Record<PanelKind, number> = { stat: 4, bars: 8, lines: 8, stacked: 8 }
const GRAFANA_TYPES: Record<PanelKind, string> = {
  stat: 'stat',
  bars: 'bargauge',
  lines: 'timeseries',
  stacked: 'timeseries',
}

/** A dashboard as Grafana reads it from a file. */
export function toGrafana({ uid, title, rows }: Dashboard): object {
  return {
    uid,
    title,
    tags: ['settled'],
    timezone: 'utc',
    schemaVersion: 41,
    version: 1,
    editable: false,
    graphTooltip: 1,
    refresh: '10s',
    time: { from: 'now-3h', to: 'now' },
    templating: { list: [] },
    annotations: { list: [] },
    links: [
      {
        title: 'settled',
        type: 'dashboards',
        tags: ['settled'],
        asDropdown: false,
        keepTime: true,
      },
    ],
    panels: placed(rows),
  }
}

function placed(rows: readonly Row[]): object[] {
  const panels: object[] = []
  let y = 0
  for (const { title, panels: members } of rows) {
    const gridPos = { h: 1, w: COLUMNS, x: 0, y }
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos,
      panels: [],
    })
    y += 1
    const h = Math.max(...members.map(({ kind }) => HEIGHTS[kind]))
    const edge = (index: number): number => Math.round((index * COLUMNS) / members.length)
    for (const [index, member] of members.entries()) {
      const x = edge(index)
      const w = edge(index + 1) - x
      panels.push({ id: panels.length + 1, gridPos: { h, w, x, y }, ...drawn(member) })
    }
    y += h
  }
  return panels
}

function drawn(panel: Panel): object {
  const { kind, title, about, unit, queries } = panel
  return {
    type: GRAFANA_TYPES[kind],
    title,
    description: about,
    datasource: DATASOURCE,
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
      ...(kind === 'bars' ? { instant: true } : {}),
    })),
    fieldConfig: { defaults: { unit, ...defaultsOf(panel) }, overrides: [] },
    options: optionsOf(kind),
  }
}

function defaultsOf({ kind, redFrom }: Panel): object {
  const red = redFrom === undefined ? [] : [{ color: 'red', value: redFrom }]
  const thresholds = { mode: 'absolute', steps: [{ color: 'green', value: null }, ...red] }
  if (kind === 'stat' || kind === 'bars') return { thresholds }
  const custom = { fillOpacity: kind === 'stacked' ? 30 : 5, lineWidth: 1 }
  return kind === 'stacked'
    ? { custom: { ...custom, stacking: { mode: 'normal', group: 'A' } } }
    : { custom }
}

function optionsOf(kind: PanelKind): object {
  const reduceOptions = { calcs: ['lastNotNull'], fields: '', values: false }
  switch (kind) {
    case 'stat':
      return { reduceOptions, colorMode: 'background', graphMode: 'none', textMode: 'auto' }
    case 'bars':
      return { reduceOptions, orientation: 'horizontal', displayMode: 'basic', showUnfilled: true }
    case 'lines':
    case 'stacked':
      return {
        legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
        tooltip: { mode: 'multi', sort: 'desc' },
      }
  }
}
