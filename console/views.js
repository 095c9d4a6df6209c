import * as chains from './chains.js'
import * as deliveries from './deliveries.js'
import * as delivery from './delivery.js'
import * as deposit from './deposit.js'
import * as deposits from './deposits.js'
import * as endpoint from './endpoint.js'
import * as endpoints from './endpoints.js'
import * as explain from './explain.js'
import * as finding from './finding.js'
import * as findings from './findings.js'
import * as policies from './policies.js'

/**
 * What a view is given.
 *
 * @typedef {object} Context
 * @property {import('./api.js').Api} api
 * @property {any} environment of the key, as `GET /v1/environment` tells it
 * @property {string} id of the one thing that is looked at; empty on lists
 * @property {URLSearchParams} params
 * @property {number} pages how many pages of the list to show
 * @property {() => void} showMore
 * @property {(params: Record<string, string>) => void} go to the same view with these parameters
 * @property {() => Promise<void>} refresh
 * @property {(sentence: string) => void} say
 * @property {(question: Question) => Promise<boolean>} confirm
 *
 * @typedef {{ title: string, text: string, yes: string }} Question
 *
 * A view reads, then draws: what it read is compared with what is drawn, and nothing moves while nothing is new.
 *
 * @typedef {object} View
 * @property {string} title
 * @property {boolean} [isStill] it is not read again by itself
 * @property {(context: Context) => Promise<any>} load
 * @property {(data: any, context: Context) => readonly import('./dom.js').Child[]} render
 */

/** In the order of the bar, which is also that of the keys 1 to 7. The second is what one row of a list opens. */
/** @type {ReadonlyMap<string, { list: View, one?: View }>} */
export const VIEWS = new Map([
  ['deposits', { list: deposits, one: deposit }],
  ['explain', { list: explain }],
  ['chains', { list: chains }],
  ['findings', { list: findings, one: finding }],
  ['endpoints', { list: endpoints, one: endpoint }],
  ['deliveries', { list: deliveries, one: delivery }],
  ['policies', { list: policies }],
])

export const FIRST = 'deposits'
