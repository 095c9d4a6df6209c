import { orRefusal } from './api.js'
import { waitChart } from './chart.js'
import { h } from './dom.js'
import { amountText, duration, integer } from './format.js'
import { table } from './list.js'

/** @typedef {import('./views.js').Context} Context */

export const title = 'Policies'
/** A trial reads thousands of deposits: once, and again when a person asks again. */
export const isStill = true

const DAYS = 30

/** @param {Context} context */
export async function load({ api, params }) {
  // Anew: somebody may have applied a policy since this tab was opened.
  const environment = await api.get('v1/environment')
  return { environment, ...(await trial(api, params)) }
}

/**
 * @param {import('./api.js').Api} api
 * @param {URLSearchParams} params
 */
async function trial(api, params) {
  const candidate = params.get('candidate')
  if (candidate === null) return { answer: null, refused: null }
  const document = parse(candidate)
  if (document === null) return { answer: null, refused: 'The candidate is not JSON.' }
  const from = `${params.get('from')}T00:00:00Z`
  return orRefusal(
    api.post('v1/policy-trials', { rail: params.get('rail'), from, candidate: document }),
  )
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/**
 * @param {{ environment: any, answer: any, refused: string | null }} data
 * @param {Context} context
 */
export function render({ environment, answer, refused }, context) {
  return [
    h(
      'p',
      null,
      'What another policy would have made of the deposits there were, beside what happened.',
    ),
    form(environment, context),
    refused && h('p', { role: 'alert', class: 'problem lines' }, refused),
    ...(answer === null ? [] : comparison(answer)),
  ]
}

/**
 * @param {any} environment
 * @param {Context} context
 */
function form(environment, { params, go }) {
  if (environment.rails.length === 0) return h('p', { class: 'empty' }, 'No rail is enabled.')
  const chosen =
    environment.rails.find((/** @type {any} */ one) => one.rail === params.get('rail')) ??
    environment.rails[0]
  const inForce = JSON.stringify(chosen.policy?.document ?? { bands: [] }, null, 2)
  const candidate = params.get('candidate')
  const asked = candidate === null ? null : parse(candidate)
  const rail = h(
    'select',
    { id: 'rail', change: (event) => go({ rail: valueOf(event.target), candidate: '' }) },
    environment.rails.map((/** @type {any} */ one) =>
      h('option', { value: one.rail, selected: one === chosen }, one.rail),
    ),
  )
  const from = h('input', {
    id: 'from',
    type: 'date',
    required: true,
    value: params.get('from') ?? daysAgo(DAYS),
  })
  const text = h(
    'textarea',
    { id: 'candidate', spellcheck: 'false' },
    asked === null ? (candidate ?? inForce) : JSON.stringify(asked, null, 2),
  )
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault()
    text.blur()
    const given = parse(valueOf(text))
    const compact = given === null ? valueOf(text) : JSON.stringify(given)
    go({ rail: valueOf(rail), from: valueOf(from), candidate: compact })
  }
  return h(
    'form',
    { submit },
    h(
      'div',
      { class: 'bar' },
      h('span', { class: 'field' }, h('label', { for: 'rail' }, 'Rail'), rail),
      h('span', { class: 'field' }, h('label', { for: 'from' }, 'Deposits from (UTC)'), from),
      h('button', null, 'Compare'),
    ),
    h(
      'label',
      { for: 'candidate' },
      `Candidate, in JSON; at first version ${chosen.policy?.version ?? 0}, which is in force`,
    ),
    text,
  )
}

/** @param {any} trial */
function comparison({
  bands,
  total,
  limits,
  unexplained,
  below_minimum: below,
  policy_version: version,
}) {
  if (total.deposits.count === 0) return [h('p', { class: 'empty' }, 'No deposit since then.')]
  const rows = [...bands, total].map((one) => ({ ...one, name: bandName(one, one === total) }))
  return [
    h('h2', null, `Time to confirmed: version ${version} in force, and the candidate`),
    waitChart(
      rows
        .filter(({ deposits }) => deposits.count > 0)
        .map(({ name, deposits, in_force: inForce, candidate }) => ({
          title: `${name} · ${integer(deposits.count)} deposits, ${amountText(deposits.amount_decimal)}`,
          rows: [
            {
              name: 'half within',
              inForce: inForce.wait_ms?.p50 ?? null,
              candidate: candidate.wait_ms?.p50 ?? null,
            },
            {
              name: '95 of 100 within',
              inForce: inForce.wait_ms?.p95 ?? null,
              candidate: candidate.wait_ms?.p95 ?? null,
            },
            {
              name: 'longest',
              inForce: inForce.wait_ms?.max ?? null,
              candidate: candidate.wait_ms?.max ?? null,
            },
          ],
        })),
    ),
    figuresTable(rows),
    h(
      'ul',
      { class: 'evidence' },
      [
        ...(below.count === 0
          ? []
          : [
              `${integer(below.count)} deposits, ${amountText(below.amount_decimal)}, are below the candidate's minimum and in no row.`,
            ]),
        ...limits,
        ...(unexplained.length === 0
          ? ['Check: the rules in force, replayed, give exactly what was recorded.']
          : [`The records do not explain ${unexplained.join(', ')}.`]),
      ].map((line) => h('li', null, line)),
    ),
  ]
}

/** @param {readonly any[]} rows */
function figuresTable(rows) {
  const lines = rows.flatMap(({ name, in_force: inForce, candidate }) => [
    { name, policy: 'in force', ...inForce },
    { name, policy: 'candidate', ...candidate },
  ])
  const wait = (/** @type {'p50' | 'p95' | 'max'} */ which) => (/** @type {any} */ row) =>
    row.wait_ms === null ? '–' : duration(row.wait_ms[which])
  const tally = (/** @type {string} */ name) => (/** @type {any} */ row) =>
    row[name].count === 0
      ? '0'
      : `${integer(row[name].count)} (${amountText(row[name].amount_decimal)})`
  return table({
    caption: 'The same in figures',
    columns: [
      { title: 'Band', cell: (row) => row.name },
      { title: 'Policy', cell: (row) => row.policy },
      { title: 'Confirmed', number: true, cell: (row) => integer(row.confirmed) },
      { title: 'Half within', number: true, cell: wait('p50') },
      { title: '95 of 100', number: true, cell: wait('p95') },
      { title: 'Longest', number: true, cell: wait('max') },
      { title: 'Reversed', number: true, cell: tally('reversed') },
      { title: 'Waiting', number: true, cell: tally('waiting') },
      { title: 'Orphaned', number: true, cell: tally('orphaned') },
    ],
    rows: lines,
    empty: 'None.',
  })
}

/**
 * @param {any} band
 * @param {boolean} isTotal
 */
function bandName({ up_to: bound, rule }, isTotal) {
  if (isTotal) return 'All'
  const parts = [
    ...(rule.confirmations === null
      ? []
      : [`${rule.confirmations} ${rule.confirmations === 1 ? 'confirmation' : 'confirmations'}`]),
    ...(rule.finality ? ['finality'] : []),
    ...(rule.providers > 1 ? [`${rule.providers} providers`] : []),
  ]
  return `${bound === null ? 'Above' : `Up to ${amountText(bound)}`}: ${parts.join(', ')}`
}

/** @param {number} days */
function daysAgo(days) {
  return new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10)
}

/** @param {EventTarget | null} field */
function valueOf(field) {
  return field instanceof HTMLSelectElement ||
    field instanceof HTMLInputElement ||
    field instanceof HTMLTextAreaElement
    ? field.value
    : ''
}
