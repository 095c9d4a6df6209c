import { orRefusal } from './api.js'
import { h } from './dom.js'
import { badge } from './format.js'
import { facts } from './list.js'

/** @typedef {import('./views.js').Context} Context */

export const title = 'Explain'
/** It asks providers, whose patience is short: once, and again when a person asks again. */
export const isStill = true

/** @param {Context} context */
export async function load({ api, params }) {
  const subject = params.get('q') ?? ''
  if (subject === '') return { answer: null, refused: null }
  return orRefusal(api.get(`v1/explain/${encodeURIComponent(subject)}`))
}

/**
 * @param {{ answer: { data: any[] } | null, refused: string | null }} data
 * @param {Context} context
 */
export function render({ answer, refused }, { params, go }) {
  const field = h('input', {
    id: 'search',
    type: 'search',
    value: params.get('q') ?? '',
    placeholder: 'transaction hash, address or dep_…',
    autocomplete: 'off',
    spellcheck: 'false',
  })
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault()
    field.blur()
    go({ q: field instanceof HTMLInputElement ? field.value.trim() : '' })
  }
  return [
    h('p', null, '“I sent it and it does not show”: what became of it, asked of the chain anew.'),
    h(
      'form',
      { role: 'search', class: 'bar', submit },
      h('span', { class: 'field wide' }, h('label', { for: 'search' }, 'Payment'), field),
      h('button', null, 'Explain'),
    ),
    refused && h('p', { role: 'alert', class: 'problem' }, refused),
    ...(answer?.data ?? []).map(explanation),
  ]
}

/** @param {any} one */
function explanation(one) {
  const { chain, rail, transaction, address, deposit, state, verdict, checks } = one
  return h(
    'section',
    { class: 'card', 'aria-label': verdict },
    h('h2', null, verdict),
    facts(
      /** @type {[string, any][]} */ ([
        ['Chain', h('code', null, chain)],
        ['Rail', rail],
        ['Transaction', transaction && h('code', null, transaction)],
        ['Paid to', address && h('code', null, address)],
        [
          'Deposit',
          deposit && [h('a', { href: `#/deposits/${deposit}` }, deposit), ' ', badge(state ?? '')],
        ],
      ]).filter(([, value]) => Boolean(value)),
    ),
    h('ol', { class: 'checks' }, checks.map(check)),
  )
}

/** @param {any} one */
function check({ check: name, level, detail, evidence, remedy }) {
  return h(
    'li',
    null,
    badge(level),
    h(
      'div',
      null,
      h('strong', null, name),
      ' ',
      detail,
      evidence.length > 0 &&
        h(
          'ul',
          { class: 'evidence' },
          evidence.map((/** @type {string} */ line) => h('li', null, line)),
        ),
      remedy && h('p', { class: 'remedy' }, remedy),
    ),
  )
}
