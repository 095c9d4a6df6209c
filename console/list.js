import { h } from './dom.js'

/**
 * @typedef {import('./dom.js').Child} Child
 * @typedef {import('./views.js').Context} Context
 */

/** A page stays light, and nobody reads further: whoever looks for something searches. */
const PAGES_MAX = 10

/**
 * As many pages as were asked for, put together.
 *
 * @param {Context} context
 * @param {string} path
 * @param {Record<string, string | null>} query
 */
export async function loadPages({ api, pages }, path, query) {
  const rows = []
  let cursor = null
  for (let page = 0; page < Math.min(pages, PAGES_MAX); page += 1) {
    const answer = await api.get(path, { ...query, cursor })
    rows.push(...answer.data)
    cursor = answer.next_cursor
    if (cursor === null) break
  }
  return { rows, more: cursor !== null && pages < PAGES_MAX }
}

/**
 * @template Row
 * @typedef {object} Column
 * @property {string} title
 * @property {(row: Row) => Child} cell
 * @property {boolean} [number] aligned to the right
 * @property {boolean} [text] may be long and is broken anywhere
 */

/**
 * A table whose rows can be opened: the first cell is the link, and j and k walk along these links.
 *
 * @template Row
 * @param {object} options
 * @param {string} options.caption
 * @param {readonly Column<Row>[]} options.columns
 * @param {readonly Row[]} options.rows
 * @param {(row: Row) => string} [options.href] where a row leads
 * @param {string} options.empty what to say when there is none
 */
export function table({ caption, columns, rows, href, empty }) {
  if (rows.length === 0) return h('p', { class: 'empty' }, empty)
  const head = columns.map((column) =>
    h('th', { scope: 'col', class: column.number ? 'number' : null }, column.title),
  )
  return h(
    'div',
    { class: 'scroll' },
    h(
      'table',
      null,
      h('caption', null, caption),
      h('thead', null, h('tr', null, head)),
      h(
        'tbody',
        null,
        rows.map((row) => line(columns, row, href)),
      ),
    ),
  )
}

/**
 * @template Row
 * @param {readonly Column<Row>[]} columns
 * @param {Row} row
 * @param {((row: Row) => string) | undefined} href
 */
function line(columns, row, href) {
  const cells = columns.map((column, index) => {
    const content = column.cell(row)
    const link = index === 0 && href !== undefined ? href(row) : null
    const inside =
      link === null ? content : h('a', { class: 'row', href: link, 'data-key': link }, content)
    const kind = column.number ? 'number' : column.text ? 'text' : null
    return h('td', { class: kind }, inside)
  })
  return h('tr', null, cells)
}

/**
 * @param {Context} context
 * @param {boolean} more
 */
export function moreButton({ showMore }, more) {
  if (!more) return null
  return h(
    'button',
    { type: 'button', id: 'more', 'data-key': 'more', click: showMore },
    'More rows',
  )
}

/**
 * Pairs of a name and what it is.
 *
 * @param {readonly (readonly [string, Child])[]} pairs
 */
export function facts(pairs) {
  return h(
    'dl',
    { class: 'facts' },
    pairs.map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, value))),
  )
}

/**
 * A filter of a list, part of its address: it can be kept as a bookmark, and Back undoes it.
 *
 * @param {Context} context
 * @param {string} name
 * @param {string} label
 * @param {readonly string[]} values
 */
export function filter({ params, go }, name, label, values) {
  const current = params.get(name) ?? ''
  const options = ['', ...values].map((value) =>
    h('option', { value, selected: value === current }, value === '' ? 'all' : value),
  )
  const id = `filter-${name}`
  return h(
    'span',
    { class: 'field' },
    h('label', { for: id }, label),
    h('select', { id, change: (event) => go({ [name]: valueOf(event) }) }, options),
  )
}

/** @param {Event} event */
function valueOf({ target }) {
  return target instanceof HTMLSelectElement ? target.value : ''
}
