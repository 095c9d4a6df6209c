import { deliveryColumns, deliveryHref } from './deliveries.js'
import { h } from './dom.js'
import { amountText, badge, integer, moment, short } from './format.js'
import { facts, table } from './list.js'
import { timeline } from './timeline.js'

/** @typedef {import('./views.js').Context} Context */

export const title = 'Deposit'

/** @param {Context} context */
export async function load({ api, id }) {
  const [deposit, deliveries] = await Promise.all([
    api.get(`v1/deposits/${encodeURIComponent(id)}`),
    api.get('v1/deliveries', { deposit: id }),
  ])
  return { deposit, deliveries: deliveries.data }
}

/**
 * @param {{ deposit: any, deliveries: any[] }} data
 * @param {Context} context
 */
export function render({ deposit, deliveries }, { environment }) {
  const rail = environment.rails.find((/** @type {any} */ one) => one.rail === deposit.rail)
  return [
    h('p', null, h('a', { id: 'back', href: '#/deposits' }, '← Deposits')),
    h(
      'p',
      { class: 'headline' },
      h('strong', { class: 'figure' }, amountText(deposit.amount_decimal)),
      ` ${rail?.symbol ?? deposit.rail} `,
      badge(deposit.state),
    ),
    h('h2', null, 'What happened'),
    timeline(deposit),
    eventTable(deposit),
    h('h2', null, 'What it is'),
    facts([
      ['Deposit', h('code', null, deposit.id)],
      ['Version', integer(deposit.version)],
      ['Owner', deposit.owner],
      ['Address', h('code', null, deposit.address)],
      ['Sender', h('code', null, deposit.sender)],
      ['Transaction', h('code', null, deposit.transaction.hash)],
      ['Log', integer(deposit.transaction.log_index)],
      ['Block', [integer(deposit.block.height), ' ', h('code', null, deposit.block.hash)]],
      ['Block time (UTC)', moment(deposit.block.time)],
      ['Base units', h('span', { class: 'figure' }, deposit.amount)],
      ['Asset', h('code', null, deposit.asset)],
      ['Rule', ruleText(deposit.policy)],
      ['Providers that showed it', integer(deposit.witnesses)],
    ]),
    h(
      'p',
      null,
      h('a', { href: `#/explain?q=${deposit.id}` }, 'Explain it, from the chain to the webhook'),
    ),
    h('h2', null, 'Blocks it was seen in'),
    sightingTable(deposit),
    h('h2', null, 'Who was told'),
    table({
      caption: 'Deliveries of its events, newest first',
      columns: deliveryColumns,
      rows: deliveries,
      href: deliveryHref,
      empty: 'Nobody: no endpoint took these events.',
    }),
  ]
}

/** @param {any} policy */
function ruleText({ version, confirmations, finality, providers }) {
  const parts = [
    ...(confirmations === null ? [] : [`${confirmations} confirmations`]),
    ...(finality ? ['finality'] : []),
  ]
  const others = providers > 1 ? `, shown by ${providers} providers` : ''
  return `${parts.join(' and ')}${others} (policy version ${version})`
}

/** @param {any} deposit */
function eventTable(deposit) {
  return table({
    caption: 'Events, in the order in which they were said',
    columns: [
      { title: 'Version', number: true, cell: (row) => integer(row.version) },
      { title: 'Event', cell: (row) => badge(row.type.replace('deposit.', '')) },
      { title: 'Block', cell: (row) => short(row.block_hash) },
      { title: 'Recorded (UTC)', cell: (row) => moment(row.recorded_at) },
      { title: 'Feed', number: true, cell: (row) => integer(row.seq) },
      { title: 'Id', cell: (row) => h('code', null, row.event) },
    ],
    rows: /** @type {any[]} */ (deposit.timeline),
    empty: 'No event yet.',
  })
}

/** @param {any} deposit */
function sightingTable(deposit) {
  return table({
    caption: 'Blocks, those it has left included',
    columns: [
      { title: 'Height', number: true, cell: (row) => integer(row.height) },
      { title: 'Block', cell: (row) => short(row.block_hash) },
      { title: 'Its own time (UTC)', cell: (row) => moment(row.block_time) },
      { title: 'Seen (UTC)', cell: (row) => moment(row.seen_at) },
      { title: 'Left the chain (UTC)', cell: (row) => moment(row.orphaned_at) },
    ],
    rows: /** @type {any[]} */ (deposit.sightings),
    empty: 'None.',
  })
}
