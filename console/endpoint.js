import { deliveryColumns, deliveryHref } from './deliveries.js'
import { h } from './dom.js'
import { badge, integer, moment } from './format.js'
import { facts, loadPages, moreButton, table } from './list.js'

/** @typedef {import('./views.js').Context} Context */

export const title = 'Endpoint'

/** @param {Context} context */
export async function load(context) {
  const { api, id } = context
  const [endpoint, deliveries] = await Promise.all([
    api.get(`v1/endpoints/${encodeURIComponent(id)}`),
    loadPages(context, 'v1/deliveries', { endpoint: id }),
  ])
  return { endpoint, deliveries }
}

/**
 * @param {{ endpoint: any, deliveries: { rows: any[], more: boolean } }} data
 * @param {Context} context
 */
export function render({ endpoint, deliveries }, context) {
  return [
    h('p', null, h('a', { id: 'back', href: '#/endpoints' }, '← Endpoints')),
    facts([
      ['URL', h('span', { class: 'text' }, endpoint.url)],
      ['State', badge(endpoint.state)],
      ['Failures in a row', integer(endpoint.failures)],
      ['Paused until (UTC)', moment(endpoint.paused_until)],
      ['Events', endpoint.event_types?.join(', ') ?? 'all'],
      ['Description', endpoint.description],
      ['Created (UTC)', moment(endpoint.created_at)],
      ['Id', h('code', null, endpoint.id)],
    ]),
    h('h2', null, 'Deliveries'),
    table({
      caption: 'Deliveries to this endpoint, newest first',
      columns: deliveryColumns,
      rows: deliveries.rows,
      href: deliveryHref,
      empty: 'Nothing was sent here yet.',
    }),
    moreButton(context, deliveries.more),
  ]
}
