import { h, svg } from './dom.js'
import { duration } from './format.js'

const WIDTH = 760
const LABELS = 132
/** Room for a value behind the longest bar. */
const VALUES = 84
const BAR = 9
const ROW = 30
const TITLE = 26

/**
 * Pairs of bars on one linear scale, so that lengths may be compared across the whole drawing. Each bar has its value
 * written behind it, and a table below says all of it again.
 *
 * @param {readonly { title: string, rows: readonly { name: string, inForce: number | null, candidate: number | null }[] }[]} groups
 *   in milliseconds; null where there is nothing to show
 */
export function waitChart(groups) {
  const values = groups.flatMap(({ rows }) => rows.flatMap((row) => [row.inForce, row.candidate]))
  const longest = Math.max(1, ...values.map((value) => value ?? 0))
  const toWidth = (/** @type {number} */ ms) => (ms / longest) * (WIDTH - LABELS - VALUES)
  /** @type {SVGElement[]} */
  const marks = []
  let y = 16
  for (const { title, rows } of groups) {
    marks.push(svg('text', { x: 0, y, class: 'group' }, title))
    y += TITLE - 16
    for (const row of rows) {
      marks.push(svg('text', { x: 0, y: y + BAR + 4, class: 'quiet' }, row.name))
      marks.push(
        ...bar(row.inForce, 'in-force', y, toWidth),
        ...bar(row.candidate, 'candidate', y + BAR + 2, toWidth),
      )
      y += ROW
    }
    y += TITLE - 6
  }
  const size = { viewBox: `0 0 ${WIDTH} ${y}`, width: WIDTH, height: y }
  const name = 'Time to confirmed, in force beside the candidate; the table below says the same'
  return h(
    'div',
    { class: 'scroll drawing', tabindex: 0, role: 'group', 'aria-label': 'Drawing' },
    h(
      'p',
      { class: 'legend' },
      key('in-force', 'what happened, in force'),
      key('candidate', 'what the candidate would have done'),
    ),
    svg('svg', { ...size, role: 'img', 'aria-label': name, class: 'chart' }, marks),
  )
}

/**
 * @param {number | null} ms
 * @param {string} kind
 * @param {number} y
 * @param {(ms: number) => number} toWidth
 */
function bar(ms, kind, y, toWidth) {
  if (ms === null)
    return [svg('text', { x: LABELS, y: y + BAR, class: 'value quiet' }, 'none confirmed')]
  // Zero is a value too: it is to be seen that there is a bar.
  const width = Math.max(1, toWidth(ms))
  return [
    svg('rect', { x: LABELS, y, width, height: BAR, class: kind }),
    svg('text', { x: LABELS + width + 6, y: y + BAR, class: 'value' }, duration(ms)),
  ]
}

/**
 * @param {string} kind
 * @param {string} words
 */
function key(kind, words) {
  const swatch = svg('rect', { width: 12, height: BAR, class: kind })
  return h(
    'span',
    null,
    svg('svg', { width: 12, height: BAR, 'aria-hidden': 'true' }, swatch),
    ' ',
    words,
  )
}
