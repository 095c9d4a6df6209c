import { h } from './dom.js'
import { badge, integer, moment, short } from './format.js'
import { filter, loadPages, moreButton, table } from './list.js'

/** @typedef {import('./views.js').Context} Context */

export const title = 'Deliveries'

/** @type {readonly import('./list.js').Column<any>[]} */
export const deliveryColumns = [
  { title: 'Delivery', number: true, cell: (row) => row.id },
  { title: 'State', cell: (row) => badge(row.state) },
  { title: 'Deposit', cell: (row) => short(row.deposit) },
  { title: 'Version', number: true, cell: (row) => integer(row.version) },
  { title: 'Endpoint', cell: (row) => short(row.endpoint) },
  { title: 'Attempts', number: true, cell: (row) => integer(row.attempts_total) },
  { title: 'Next attempt (UTC)', cell: (row) => moment(row.next_attempt_at) },
  { title: 'Settled (UTC)', cell: (row) => moment(row.settled_at) },
]

/** @param {any} row */
export function deliveryHref(row) {
  return `#/deliveries/${encodeURIComponent(row.id)}`
}

/** @param {Context} context */
export async function load(context) {
  return loadPages(context, 'v1/deliveries', { state: context.params.get('state') })
}

/**
 * @param {{ rows: any[], more: boolean }} data
 * @param {Context} context
 */
export function render({ rows, more }, context) {
  return [
    h('div', { class: 'bar' }, filter(context, 'state', 'State', ['pending', 'delivered', 'dead'])),
    table({
      caption: 'Deliveries, newest first',
      columns: deliveryColumns,
      rows,
      href: deliveryHref,
      empty: 'No delivery matches.',
    }),
    moreButton(context, more),
  ]
}
