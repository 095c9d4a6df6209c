import { badge, integer, moment } from './format.js'
import { loadPages, moreButton, table } from './list.js'

/** @typedef {import('./views.js').Context} Context */

export const title = 'Endpoints'

/** @param {Context} context */
export async function load(context) {
  return loadPages(context, 'v1/endpoints', {})
}

/**
 * @param {{ rows: any[], more: boolean }} data
 * @param {Context} context
 */
export function render({ rows, more }, context) {
  return [
    table({
      caption: 'Where events are sent to',
      columns: [
        { title: 'URL', text: true, cell: (row) => row.url },
        { title: 'State', cell: (row) => badge(row.state) },
        { title: 'Failures in a row', number: true, cell: (row) => integer(row.failures) },
        { title: 'Paused until (UTC)', cell: (row) => moment(row.paused_until) },
        { title: 'Events', text: true, cell: (row) => row.event_types?.join(', ') ?? 'all' },
        { title: 'Description', text: true, cell: (row) => row.description },
      ],
      rows,
      href: (row) => `#/endpoints/${encodeURIComponent(row.id)}`,
      empty: 'No endpoint yet: POST /v1/endpoints makes one.',
    }),
    moreButton(context, more),
  ]
}
