import { h } from './dom.js'

/** Decimal places that every amount shows; more where it has them. */
const PLACES = 2

/**
 * The API's exact decimal text, with thousands apart. It stays text all the way: a JavaScript number would round.
 *
 * @param {string} decimal such as `1234567.5`
 */
export function amountText(decimal) {
  const [whole = '', fraction = ''] = decimal.split('.')
  return `${whole.replaceAll(/\B(?=(\d{3})+$)/g, ',')}.${fraction.padEnd(PLACES, '0')}`
}

/**
 * For columns: the points are below each other, whatever the number of places.
 *
 * @param {string} decimal
 */
export function amountCell(decimal) {
  const [whole, fraction] = amountText(decimal).split('.')
  return h('span', { class: 'amount' }, `${whole}.`, h('span', null, fraction ?? ''))
}

/** @param {number | null} value a height or a count, which are whole and small */
export function integer(value) {
  return value === null ? '–' : String(value).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}

/**
 * UTC to the second; the exact moment is in the title.
 *
 * @param {string | null} iso
 */
export function moment(iso) {
  if (iso === null) return h('span', { class: 'quiet' }, '–')
  return h('time', { datetime: iso, title: iso }, iso.slice(0, 19).replace('T', ' '))
}

/** @param {string | null} text a hash, address or id too long for a line; whole in the title */
export function short(text) {
  if (text === null) return h('span', { class: 'quiet' }, '–')
  return h('code', { title: text }, shortText(text))
}

/** @param {string} text */
export function shortText(text) {
  return text.length <= 17 ? text : `${text.slice(0, 10)}…${text.slice(-6)}`
}

/** @param {string} state in words, never by colour alone */
export function badge(state) {
  return h('span', { class: `badge ${state.replaceAll(/[^a-z_]/g, '')}` }, state)
}

/** @param {number} ms */
export function duration(ms) {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`
  if (ms < 7_200_000) return `${(ms / 60_000).toFixed(1)} min`
  return `${(ms / 3_600_000).toFixed(1)} h`
}
