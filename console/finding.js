import { h } from './dom.js'
import { badge, moment } from './format.js'
import { facts } from './list.js'

/** @typedef {import('./views.js').Context} Context */

export const title = 'Finding'

/** @param {Context} context */
export function load({ api, id }) {
  return api.get(`v1/findings/${encodeURIComponent(id)}`)
}

/** @param {any} finding */
export function render(finding) {
  const { kind, severity, state, chain, subject, summary, deposit_id: deposit } = finding
  return [
    h('p', null, h('a', { id: 'back', href: '#/findings' }, '← Findings')),
    h('p', { class: 'headline' }, summary),
    facts([
      ['Kind', kind],
      ['Severity', badge(severity)],
      ['State', badge(state)],
      ['Chain', h('code', null, chain)],
      ['Subject', h('code', null, subject)],
      ['Deposit', deposit === null ? '–' : h('a', { href: `#/deposits/${deposit}` }, deposit)],
      ['Opened (UTC)', moment(finding.opened_at)],
      ['Acknowledged', decision(finding.acknowledged)],
      ['Resolved', decision(finding.resolved)],
      ['Id', h('code', null, finding.id)],
    ]),
    h('h2', null, 'Evidence'),
    h('pre', { tabindex: 0, class: 'evidence' }, JSON.stringify(finding.evidence, null, 2)),
  ]
}

/** @param {{ at: string, by: string, reason: string } | null} made */
function decision(made) {
  return made === null ? '–' : [moment(made.at), ` by ${made.by}: ${made.reason}`]
}
