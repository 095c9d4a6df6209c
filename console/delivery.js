import { h } from './dom.js'
import { badge, duration, integer, moment } from './format.js'
import { facts, table } from './list.js'

/** @typedef {import('./views.js').Context} Context */

export const title = 'Delivery'

/** @param {Context} context */
export async function load({ api, id }) {
  const delivery = await api.get(`v1/deliveries/${encodeURIComponent(id)}`)
  const endpoint = await api.get(`v1/endpoints/${encodeURIComponent(delivery.endpoint)}`)
  return { delivery, endpoint }
}

/**
 * @param {{ delivery: any, endpoint: any }} data
 * @param {Context} context
 */
export function render({ delivery, endpoint }, context) {
  const replay = () => void sendAgain(context, delivery, endpoint)
  return [
    h('p', null, h('a', { id: 'back', href: '#/deliveries' }, '← Deliveries')),
    facts([
      ['State', badge(delivery.state)],
      [
        'Endpoint',
        [
          h('a', { href: `#/endpoints/${delivery.endpoint}` }, endpoint.url),
          ' ',
          badge(endpoint.state),
        ],
      ],
      ['Deposit', h('a', { href: `#/deposits/${delivery.deposit}` }, delivery.deposit)],
      ['Event', [h('code', null, delivery.event), ` (version ${delivery.version})`]],
      [
        'Attempts',
        `${integer(delivery.attempts_total)} in all, ${integer(delivery.attempts)} in this round`,
      ],
      ['Next attempt (UTC)', moment(delivery.next_attempt_at)],
      ['Created (UTC)', moment(delivery.created_at)],
      ['Settled (UTC)', moment(delivery.settled_at)],
    ]),
    h(
      'p',
      null,
      h(
        'button',
        { type: 'button', id: 'replay', 'data-key': 'replay', click: replay },
        'Send again…',
      ),
    ),
    h('h2', null, 'Attempts'),
    attemptTable(delivery.attempt_log),
  ]
}

/**
 * @param {Context} context
 * @param {any} delivery
 * @param {any} endpoint
 */
async function sendAgain({ api, confirm, say, refresh }, delivery, endpoint) {
  const agreed = await confirm({
    title: 'Send it again?',
    text: `${delivery.event} goes to ${endpoint.url} once more, under the same id: a receiver that has it drops it.`,
    yes: 'Send again',
  })
  if (!agreed) return
  try {
    await api.post(`v1/deliveries/${encodeURIComponent(delivery.id)}/replay`)
    say('It is due again, and shown here as it goes.')
    await refresh()
  } catch (error) {
    say(error instanceof Error ? error.message : String(error))
  }
}

/** @param {any[]} attempts */
function attemptTable(attempts) {
  return table({
    caption: 'Attempts, newest first',
    columns: [
      { title: 'Number', number: true, cell: (row) => integer(row.number) },
      { title: 'Outcome', cell: (row) => badge(row.outcome) },
      { title: 'Status', number: true, cell: (row) => integer(row.status) },
      { title: 'Started (UTC)', cell: (row) => moment(row.started_at) },
      { title: 'Took', number: true, cell: (row) => duration(row.duration_ms) },
      { title: 'What came back', text: true, cell: (row) => words(row) },
    ],
    rows: attempts,
    empty: 'None yet.',
  })
}

/** @param {any} attempt whose words are a stranger's */
function words({ response, error }) {
  return [
    error && h('p', null, error),
    response &&
      h('pre', { tabindex: 0, 'aria-label': 'The first kilobyte of the answer' }, response),
  ]
}
