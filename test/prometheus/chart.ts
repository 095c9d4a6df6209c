/** What one panel shows: its series with what they are called. */
export interface Drawing {
  readonly kind: 'stat' | 'bars' | 'lines' | 'stacked'
  readonly title: string
  readonly unit: string
  readonly lines: readonly Line[]
  readonly from: number
  readonly to: number
}

export interface Line {
  readonly legend: string
  /** Unix seconds and value. */
  readonly points: readonly (readonly [number, number])[]
}

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

const COLOURS = [
  '#2f6fb2',
  '#c9622b',
  '#3a8f5c',
  '#8a5fb0',
  '#b03a5b',
  '#6b6b1f',
  '#2a9aa5',
  '#7a4a2b',
]
/** More lines than this say nothing in a picture. */
const LINES_MAX = 8
const LEGEND_CHARS_MAX = 34
const CHARS_PER_LEGEND_PIXEL = 1 / 6.1
const FRAME = { top: 30, left: 52, right: 12, axis: 16, legendLine: 14 }
const TICKS = 2

/** A panel as SVG, in the box that its dashboard gives it. */
export function drawPanel(drawing: Drawing, box: Box): string {
  const { x, y, width, height } = box
  const shown = { ...drawing, lines: busiest(drawing.lines) }
  const body = {
    stat: () => drawStat(shown, box),
    bars: () => drawBars(shown, box),
    lines: () => drawGraph(shown, box),
    stacked: () => drawGraph({ ...shown, lines: stackedUp(shown.lines) }, box),
  }[drawing.kind]()
  const left = drawing.lines.length - shown.lines.length
  const more = left > 0 ? ` (${left} more not drawn)` : ''
  return [
    `<g transform="translate(${x} ${y})">`,
    `<rect width="${width - 8}" height="${height - 8}" rx="4" fill="#fff" stroke="#d4d4d4"/>`,
    text(10, 19, drawing.title + more, 'font-weight="600"'),
    body,
    '</g>',
  ].join('\n')
}

/** The ones that reach highest; in their own order, so that colours are steady. */
function busiest(lines: readonly Line[]): Line[] {
  const finite = lines
    .map(({ legend, points }) => ({
      legend,
      points: points.filter(([, value]) => Number.isFinite(value)),
    }))
    .filter(({ points }) => points.length > 0)
  const peak = ({ points }: Line): number => Math.max(...points.map(([, value]) => value))
  const chosen = new Set(finite.toSorted((a, b) => peak(b) - peak(a)).slice(0, LINES_MAX))
  return finite.filter((line) => chosen.has(line))
}

function lastOf({ points }: Line): number {
  return points.at(-1)?.[1] ?? 0
}

function drawStat({ lines, unit }: Drawing, { width, height }: Box): string {
  const values = lines.map((line) => ({ ...line, value: formatValue(lastOf(line), unit) }))
  const share = (width - 20) / Math.max(1, values.length)
  return values
    .map(({ legend, value }, index) => {
      const middle = 10 + share * (index + 0.5)
      const anchor = 'text-anchor="middle"'
      const number = text(middle, height / 2 + 14, value, `font-size="26" ${anchor}`)
      return number + text(middle, height - 22, legend, `fill="#666" ${anchor}`)
    })
    .join('\n')
}

function drawBars({ lines, unit }: Drawing, { width, height }: Box): string {
  const most = Math.max(...lines.map(lastOf), 1e-9)
  const step = (height - 50) / Math.max(1, lines.length)
  return lines
    .map((line, index) => {
      const y = 34 + step * index
      const length = ((width - 250) * lastOf(line)) / most
      return [
        text(10, y + step / 2 + 3, line.legend),
        `<rect x="160" y="${round(y + 2)}" width="${round(Math.max(1, length))}" height="${round(step - 5)}" fill="${colour(index)}"/>`,
        text(166 + length, y + step / 2 + 3, formatValue(lastOf(line), unit), 'fill="#444"'),
      ].join('')
    })
    .join('\n')
}

function drawGraph({ kind, lines, unit, from, to }: Drawing, { width, height }: Box): string {
  const perRow = Math.max(1, Math.floor((width * CHARS_PER_LEGEND_PIXEL) / LEGEND_CHARS_MAX))
  const legendRows = Math.ceil(lines.length / perRow)
  const bottom = height - 8 - FRAME.axis - legendRows * FRAME.legendLine - 4
  const values = lines.flatMap(valuesOf)
  const top = niceCeiling(Math.max(0, ...values))
  const floor = -niceCeiling(Math.max(0, ...values.map((value) => -value)), 0)
  const right = width - 8 - FRAME.right
  const atX = (seconds: number): number =>
    round(FRAME.left + ((seconds - from) / (to - from)) * (right - FRAME.left))
  const atY = (value: number): number =>
    round(bottom - ((value - floor) / (top - floor)) * (bottom - FRAME.top))
  const drawn = lines.map((line, index) => {
    const path = line.points.map(([seconds, value]) => `${atX(seconds)},${atY(value)}`)
    if (kind === 'stacked') {
      const first = line.points[0]?.[0] ?? from
      const last = line.points.at(-1)?.[0] ?? to
      path.unshift(`${atX(first)},${bottom}`)
      path.push(`${atX(last)},${bottom}`)
      return `<polygon points="${path.join(' ')}" fill="${colour(index)}"/>`
    }
    return `<polyline points="${path.join(' ')}" fill="none" stroke="${colour(index)}" stroke-width="1.5"/>`
  })
  // The highest of a stack first: the lower ones are drawn over it.
  if (kind === 'stacked') drawn.reverse()
  const legend = lines.map((line, index) => {
    const x = 12 + (index % perRow) * ((width - 20) / perRow)
    const y = bottom + FRAME.axis + 12 + Math.floor(index / perRow) * FRAME.legendLine
    return `<rect x="${round(x)}" y="${y - 8}" width="9" height="9" fill="${colour(index)}"/>${text(x + 13, y, shorten(line.legend))}`
  })
  return [...axes({ floor, top, unit, from, to, atX, atY, right }), ...drawn, ...legend].join('\n')
}

interface Axes {
  readonly floor: number
  readonly top: number
  readonly unit: string
  readonly from: number
  readonly to: number
  readonly right: number
  readonly atX: (seconds: number) => number
  readonly atY: (value: number) => number
}

function axes({ floor, top, unit, from, to, right, atX, atY }: Axes): string[] {
  const values = Array.from(
    { length: TICKS + 1 },
    (_, tick) => floor + ((top - floor) * tick) / TICKS,
  )
  const level = values.map(
    (value) =>
      `<line x1="${FRAME.left}" x2="${right}" y1="${atY(value)}" y2="${atY(value)}" stroke="#ececec"/>` +
      text(
        FRAME.left - 5,
        atY(value) + 3,
        formatValue(value, unit),
        'fill="#666" text-anchor="end"',
      ),
  )
  const times = [0, 0.5, 1].map((share) => {
    const anchor = ['start', 'middle', 'end'][share * 2]
    const label = `${Math.round((to - from) * share)} s`
    const x = atX(from + (to - from) * share)
    return text(x, atY(floor) + 12, label, `fill="#666" text-anchor="${anchor}"`)
  })
  return [...level, ...times]
}

/** Each on top of the ones before it, at the same moments. */
function stackedUp(lines: readonly Line[]): Line[] {
  const below = new Map<number, number>()
  return lines.map(({ legend, points }) => ({
    legend,
    points: points.map(([seconds, value]) => {
      const sum = (below.get(seconds) ?? 0) + value
      below.set(seconds, sum)
      return [seconds, sum] as const
    }),
  }))
}

function valuesOf({ points }: Line): number[] {
  return points.map(([, value]) => value)
}

function niceCeiling(value: number, ofNothing = 1): number {
  if (value <= 0) return ofNothing
  const magnitude = 10 ** Math.floor(Math.log10(value))
  const steps = [1, 2, 4, 6, 10].map((factor) => factor * magnitude)
  return steps.find((step) => step >= value) ?? 10 * magnitude
}

function formatValue(value: number, unit: string): string {
  if (unit === 'percentunit') return `${plain(value * 100)} %`
  if (unit === 's')
    return value > 0 && value < 1 ? `${plain(value * 1_000)} ms` : `${plain(value)} s`
  if (unit === 'cps' || unit === 'reqps') return `${plain(value)}/s`
  return value >= 10_000 ? `${plain(value / 1_000)} k` : plain(value)
}

function plain(value: number): string {
  return Number(value.toPrecision(3)).toString()
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] ?? '#000'
}

function shorten(legend: string): string {
  return legend.length <= LEGEND_CHARS_MAX ? legend : `${legend.slice(0, LEGEND_CHARS_MAX - 1)}…`
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escaped(content)}</text>`
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
