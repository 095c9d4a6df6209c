import { orRefusal } from './api.js'
import { h } from './dom.js'
import { amountCell, badge, integer, moment, short } from './format.js'
import { filter, loadPages, moreButton, table } from './list.js'

/** @typedef {import('./views.js').Context} Context */

export const title = 'Deposits'

const STATES = ['detected', 'confirmed', 'final', 'orphaned', 'reversed']

/** @param {Context} context */
export async function load(context) {
  const { params } = context
  const query = {
    state: params.get('state'),
    rail: params.get('rail'),
    ...soughtBy(params.get('q') ?? ''),
  }
  return orRefusal(loadPages(context, 'v1/deposits', query))
}

/**
 * What a person typed says by its form what it is: a transaction, an address, or else their own id of a customer.
 *
 * @param {string} text
 * @returns {Record<string, string>}
 */
function soughtBy(text) {
  if (text === '') return {}
  if (/^(?:0x)?[0-9a-f]{64}$/i.test(text)) return { tx_hash: text }
  if (/^0x[0-9a-f]{40}$/i.test(text) || /^T[1-9A-HJ-NP-Za-km-z]{33}$/.test(text)) {
    return { address: text }
  }
  return { owner: text }
}

/**
 * @param {{ answer: { rows: any[], more: boolean } | null, refused: string | null }} data
 * @param {Context} context
 */
export function render({ answer, refused }, context) {
  if (answer === null) {
    return [searchBar(context), h('p', { role: 'alert', class: 'problem' }, refused)]
  }
  const { rows, more } = answer
  const columns = [
    {
      title: 'Amount',
      number: true,
      cell: (/** @type {any} */ row) => amountCell(row.amount_decimal),
    },
    { title: 'State', cell: (/** @type {any} */ row) => badge(row.state) },
    { title: 'Rail', cell: (/** @type {any} */ row) => row.rail },
    { title: 'Owner', text: true, cell: (/** @type {any} */ row) => row.owner },
    { title: 'Transaction', cell: (/** @type {any} */ row) => short(row.transaction.hash) },
    { title: 'Block', number: true, cell: (/** @type {any} */ row) => integer(row.block.height) },
    { title: 'Detected (UTC)', cell: (/** @type {any} */ row) => moment(row.detected_at) },
  ]
  return [
    searchBar(context),
    table({
      caption: 'Deposits, newest first',
      columns,
      rows,
      href: (row) => `#/deposits/${encodeURIComponent(row.id)}`,
      empty: 'No deposit matches.',
    }),
    moreButton(context, more),
  ]
}

/** @param {Context} context */
function searchBar(context) {
  const { params, go, environment } = context
  const field = h('input', {
    id: 'search',
    type: 'search',
    value: params.get('q') ?? '',
    placeholder: 'transaction, address, owner or dep_…',
    autocomplete: 'off',
    autofocus: params.has('search'),
    spellcheck: 'false',
  })
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault()
    const text = field instanceof HTMLInputElement ? field.value.trim() : ''
    field.blur()
    if (/^dep_[0-9a-z]+$/.test(text)) location.hash = `#/deposits/${text}`
    else go({ q: text })
  }
  return h(
    'form',
    { role: 'search', class: 'bar', submit },
    h('span', { class: 'field wide' }, h('label', { for: 'search' }, 'Search'), field),
    filter(context, 'state', 'State', STATES),
    filter(
      context,
      'rail',
      'Rail',
      environment.rails.map((/** @type {any} */ one) => one.rail),
    ),
  )
}
