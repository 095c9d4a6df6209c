import { h } from './dom.js'
import { badge, integer, moment } from './format.js'
import { facts } from './list.js'

/** @typedef {import('./views.js').Context} Context */

export const title = 'Chains'

/** @param {Context} context */
export async function load({ api }) {
  return (await api.get('v1/chains')).data
}

/** @param {any[]} chains */
export function render(chains) {
  return chains.map((chain) =>
    h(
      'section',
      { class: 'card', 'aria-label': chain.name },
      h('h2', null, chain.name, ' ', badge(stateOf(chain))),
      chain.problem && h('p', { class: 'problem' }, chain.problem),
      facts([
        ['Chain', h('code', null, chain.chain)],
        ['Rails', chain.rails.join(', ')],
        ['Head a provider shows', figure(chain.head_height)],
        ['Tip, fully applied', place(chain.tip)],
        ['Behind the head', figure(behind(chain))],
        ['Final', place(chain.finalized)],
        ['Tip above final', figure(unfinal(chain))],
        ["The tip's own time (UTC)", moment(chain.tip?.time ?? null)],
        ['Moved (UTC)', moment(chain.updated_at)],
      ]),
      chain.halt && halt(chain),
    ),
  )
}

/** @param {any} chain */
function stateOf({ halt: isHalted, problem, tip }) {
  if (isHalted !== null) return 'halted'
  if (tip === null) return 'no block yet'
  return problem === null ? 'well' : 'in trouble'
}

/** @param {any} chain */
function behind({ head_height: head, tip }) {
  return head === null || tip === null ? null : Math.max(0, head - tip.height)
}

/** @param {any} chain */
function unfinal({ finalized, tip }) {
  return finalized === null || tip === null ? null : tip.height - finalized.height
}

/** @param {number | null} value */
function figure(value) {
  return h('span', { class: 'figure' }, integer(value))
}

/** @param {{ height: number, hash: string } | null} block */
function place(block) {
  if (block === null) return figure(null)
  return [figure(block.height), ' ', h('code', { class: 'quiet' }, block.hash)]
}

/** @param {any} chain */
function halt({ halted_at: since, halt: { reason, head, ancestor } }) {
  return h(
    'div',
    { class: 'problem' },
    h('h3', null, 'Halted: a person decides'),
    facts([
      ['Since (UTC)', moment(since)],
      ['Why', reason],
      ["The providers' head", place(head)],
      ['Common ancestor', ancestor === null ? 'not known' : place(ancestor)],
      ['What to do', h('code', null, 'settled chain list')],
    ]),
  )
}
