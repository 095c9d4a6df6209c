import { h, svg } from './dom.js'
import { integer, shortText } from './format.js'

const STEP = 128
const LANE = 76
const LEFT = 28
const TOP = 34
/** How far a line runs on behind its last event, towards now. */
const TAIL = 96
/** How wide a line turns from one lane into another. */
const BEND = 12

/**
 * A life on branches: a lane for each block the deposit stood in, a dot for each event, left to right in the order
 * in which they were said. A line ends where its block left the chain and goes on, dashed, where the deposit came
 * back. The table below says the same in words.
 *
 * @param {any} deposit as `GET /v1/deposits/{id}` tells it
 */
export function timeline({ timeline: events, sightings, block }) {
  const hashes = [...new Set(events.map((/** @type {any} */ event) => event.block_hash))]
  const laneOf = (/** @type {string} */ hash) => TOP + hashes.indexOf(hash) * LANE
  const columnOf = (/** @type {number} */ index) => LEFT + index * STEP
  const width = columnOf(events.length - 1) + TAIL + LEFT
  const height = TOP + hashes.length * LANE
  const labels = hashes.map((hash) => {
    const index = events.findIndex((/** @type {any} */ event) => event.block_hash === hash)
    const seen = sightings.find((/** @type {any} */ one) => one.block_hash === hash)
    const name = `block ${seen === undefined ? '' : integer(seen.height)} ${shortText(hash)}`
    const fate = hash === block.hash ? '' : ', left'
    return svg(
      'text',
      { class: 'lane-name', x: columnOf(index) - 6, y: laneOf(hash) - 14 },
      name + fate,
    )
  })
  const stays = staysOf(events)
  const drawing = svg(
    'svg',
    {
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'aria-label': `Timeline with ${hashes.length} ${hashes.length === 1 ? 'branch' : 'branches'}; the table below says the same`,
      class: 'timeline',
    },
    stays.map(({ hash, from, to }) => {
      const end = to === null ? columnOf(events.length - 1) + TAIL : columnOf(to)
      const kind = to === null ? 'lane' : 'lane gone'
      return svg('line', {
        class: kind,
        x1: columnOf(from),
        x2: end,
        y1: laneOf(hash),
        y2: laneOf(hash),
      })
    }),
    stays.slice(1).map((stay, index) => {
      const before = stays[index]
      if (before === undefined || before.to === null) return null
      const from = { x: columnOf(before.to), y: laneOf(before.hash) }
      return branch(from, { x: columnOf(stay.from), y: laneOf(stay.hash) })
    }),
    labels,
    events.flatMap((/** @type {any} */ event, /** @type {number} */ index) =>
      mark(event, columnOf(index), laneOf(event.block_hash)),
    ),
  )
  return h(
    'div',
    { class: 'scroll drawing', tabindex: 0, role: 'group', 'aria-label': 'Drawing' },
    drawing,
  )
}

/**
 * Along the old lane, and across just before the new one's name: over no text.
 *
 * @param {{ x: number, y: number }} from
 * @param {{ x: number, y: number }} to
 */
function branch(from, to) {
  const turn = to.y < from.y ? -BEND : BEND
  const across =
    to.y === from.y
      ? ''
      : `H${to.x - 2 * BEND - 4}q${BEND} 0 ${BEND} ${turn}V${to.y - turn}q0 ${turn} ${BEND} ${turn}`
  return svg('path', { class: 'branch', d: `M${from.x} ${from.y}${across}H${to.x}` })
}

/**
 * @param {any} event
 * @param {number} x
 * @param {number} y
 */
function mark(event, x, y) {
  const type = event.type.replace('deposit.', '')
  const left = type === 'orphaned' || type === 'reversed'
  const shape = left
    ? svg('path', { class: `mark ${type}`, d: `M${x - 5} ${y - 5}l10 10m0 -10l-10 10` })
    : svg('circle', { class: `mark ${type}`, cx: x, cy: y, r: 5.5 })
  return [
    shape,
    svg('text', { class: 'event-name', x: x - 6, y: y + 22 }, type),
    svg('text', { class: 'event-time', x: x - 6, y: y + 38 }, event.recorded_at.slice(11, 19)),
  ]
}

/**
 * Each time it stood in a block: from the event that saw it there to the one that says the block left.
 *
 * @param {readonly any[]} events
 * @returns {{ hash: string, from: number, to: number | null }[]}
 */
function staysOf(events) {
  /** @type {{ hash: string, from: number, to: number | null }[]} */
  const stays = []
  for (const [index, { type, block_hash: hash }] of events.entries()) {
    const last = stays.at(-1)
    if (type === 'deposit.detected') stays.push({ hash, from: index, to: null })
    else if (last !== undefined && /orphaned|reversed/.test(type)) last.to = index
  }
  return stays
}
