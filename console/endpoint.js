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
    rangeForm(endpoint, context),
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

/**
 * What an endpoint missed while it was away, or never had because it is younger.
 *
 * @param {any} endpoint
 * @param {Context} context
 */
function rangeForm(endpoint, { api, confirm, say, refresh }) {
  const [from, to] = ['from', 'to'].map((id) =>
    h('input', { id, type: 'number', min: 1, step: 1, required: true, class: 'seq' }),
  )
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault()
    // A view with the focus in a field is not drawn anew, and this one is about to change.
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
    const [first, last] = [from, to].map((field) =>
      field instanceof HTMLInputElement ? field.valueAsNumber : 0,
    )
    const agreed = await confirm({
      title: 'Send these again?',
      text: `Events ${first} to ${last} of the feed go to ${endpoint.url}, under the same ids: a receiver that has one drops it.`,
      yes: 'Send again',
    })
    if (!agreed) return
    try {
      const body = { from_seq: first, to_seq: last }
      const { replayed } = await api.post(
        `v1/endpoints/${encodeURIComponent(endpoint.id)}/replay`,
        body,
      )
      say(`${replayed} deliveries are due again.`)
      await refresh()
    } catch (error) {
      say(error instanceof Error ? error.message : String(error))
    }
  }
  return h(
    'form',
    {
      class: 'bar',
      submit: (event) => void submit(event),
      'aria-label': 'Send a range of the feed again',
    },
    h('span', { class: 'field' }, h('label', { for: 'from' }, 'From number of the feed'), from),
    h('span', { class: 'field' }, h('label', { for: 'to' }, 'To number'), to),
    h('button', null, 'Send again…'),
  )
}
