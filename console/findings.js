import { h } from './dom.js'
import { badge, moment } from './format.js'
import { filter, loadPages, moreButton, table } from './list.js'

/** @typedef {import('./views.js').Context} Context */

export const title = 'Findings'

/** @param {Context} context */
export async function load(context) {
  return loadPages(context, 'v1/findings', { state: context.params.get('state') })
}

/**
 * @param {{ rows: any[], more: boolean }} data
 * @param {Context} context
 */
export function render({ rows, more }, context) {
  return [
    h(
      'p',
      null,
      'Where the chain, read a second time, says something else than what was recorded.',
    ),
    h(
      'div',
      { class: 'bar' },
      filter(context, 'state', 'State', ['open', 'acknowledged', 'resolved']),
    ),
    table({
      caption: 'Findings, newest first',
      columns: [
        { title: 'Kind', cell: (row) => row.kind },
        { title: 'Severity', cell: (row) => badge(row.severity) },
        { title: 'State', cell: (row) => badge(row.state) },
        { title: 'Chain', cell: (row) => h('code', null, row.chain) },
        { title: 'What', text: true, cell: (row) => row.summary },
        { title: 'Opened (UTC)', cell: (row) => moment(row.opened_at) },
      ],
      rows,
      href: (row) => `#/findings/${encodeURIComponent(row.id)}`,
      empty: 'None.',
    }),
    moreButton(context, more),
  ]
}
