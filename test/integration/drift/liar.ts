import type { Hex } from '../../../src/lib/hex.ts'
import { TRANSFER_TOPIC } from '../../../src/source/movement.ts'
import {
  undiciHttp,
  type HttpLimits,
  type HttpRequest,
  type RpcHttp,
} from '../../../src/source/index.ts'

export interface Call {
  readonly id: unknown
  readonly method: string
  readonly params: readonly unknown[]
}

interface Answer {
  readonly id: unknown
  readonly result?: unknown
}

/** What a provider makes of a node's honest result. */
export type Bend = (call: Call, result: unknown) => unknown

/** Several providers in front of one honest node, each with an address and lies of its own. */
export class Liars implements RpcHttp {
  readonly bends = new Map<string, Bend>()
  /** Methods that no provider knows. */
  readonly refused = new Set<string>()
  readonly calls: { readonly provider: string; readonly method: string }[] = []
  readonly #nodeUrl: string
  readonly #http = undiciHttp()

  constructor(nodeUrl: string) {
    this.#nodeUrl = nodeUrl
  }

  urlOf(name: string): string {
    return `http://${name}.invalid/`
  }

  async post(request: HttpRequest, limits: HttpLimits) {
    const [name = ''] = new URL(request.url).hostname.split('.')
    const calls = [JSON.parse(request.body) as Call | Call[]].flat()
    for (const { method } of calls) this.calls.push({ provider: name, method })
    const known = request.body.replaceAll(/eth_\w+/g, (method) =>
      this.refused.has(method) ? 'eth_unknown' : method,
    )
    const forwarded = { ...request, url: this.#nodeUrl, body: known }
    const answer = await this.#http.post(forwarded, limits)
    const bend = this.bends.get(name)
    if (bend === undefined) return answer
    const answers = JSON.parse(answer.body) as Answer | Answer[]
    const bent = [answers].flat().map((one) => {
      const call = calls.find(({ id }) => id === one.id)
      return call === undefined ? one : { ...one, result: bend(call, structuredClone(one.result)) }
    })
    return { ...answer, body: JSON.stringify(Array.isArray(answers) ? bent : bent[0]) }
  }
}

export interface Log {
  readonly transactionHash: Hex
  readonly topics: readonly Hex[]
  readonly data: Hex
  readonly logIndex: Hex
}

export const hides =
  (...hidden: readonly Hex[]): Bend =>
  ({ method }, result) =>
    method === 'eth_getLogs'
      ? (result as Log[]).filter(({ transactionHash }) => !hidden.includes(transactionHash))
      : result

/** Shows one of the node's logs a second time, as another transaction's to somebody else. */
export const invents =
  (model: Hex, recipient: Hex, txHash: Hex = `0x${'ee'.repeat(32)}`): Bend =>
  ({ method }, result) => {
    if (method !== 'eth_getLogs') return result
    return (result as Log[]).flatMap((log) => {
      if (log.transactionHash !== model || log.topics[0] !== TRANSFER_TOPIC) return log
      const topics = [log.topics[0], log.topics[1], `0x${recipient.slice(2).padStart(64, '0')}`]
      const logIndex = `0x${(Number(log.logIndex) + 50).toString(16)}`
      return [log, { ...log, topics, logIndex, transactionHash: txHash }]
    })
  }

/** Shows a payment in the block of another one, which it otherwise resembles, and not in its own. */
export const misplaces = (model: Hex, recipient: Hex, payment: Hex): Bend => {
  const [early, hidden] = [invents(model, recipient, payment), hides(payment)]
  return (call, result) => early(call, hidden(call, result))
}
