import {
  undiciHttp,
  type HttpAnswer,
  type HttpLimits,
  type HttpRequest,
  type RpcHttp,
} from '../../src/source/index.ts'

interface Call {
  readonly id: number
  readonly method: string
  readonly params: readonly unknown[]
}

interface Answer {
  readonly id: number
  readonly result?: unknown
}

/**
 * Stands between the daemon and a node and makes the node look older: like the replica of a load balancer that
 * has not caught up, on the same branch. With `finalized: null` it is a chain that has not finalized anything.
 */
export class LaggingNode implements RpcHttp {
  /** How many of the newest blocks it does not know. */
  hidden = 0
  /** Height of the block it calls finalized; null for none; undefined for what the node says. */
  finalized: number | null | undefined = undefined
  readonly #http = undiciHttp()

  async post({ url, body }: HttpRequest, limits: HttpLimits): Promise<HttpAnswer> {
    const head = await this.#shownHead(url, limits)
    const request = JSON.parse(body) as Call | Call[]
    const calls = [request].flat()
    const forwarded = calls.map((call) => this.#age(call, head))
    const answer = await this.#http.post(
      { url, body: JSON.stringify(Array.isArray(request) ? forwarded : forwarded[0]) },
      limits,
    )
    const answers = [JSON.parse(answer.body) as Answer | Answer[]].flat()
    const aged = answers.map((one) => {
      const call = forwarded.find(({ id }) => id === one.id)
      return call !== undefined && this.#isUnknown(call, head) ? { ...one, result: null } : one
    })
    return { ...answer, body: JSON.stringify(Array.isArray(request) ? aged : aged[0]) }
  }

  async #shownHead(url: string, limits: HttpLimits): Promise<number> {
    const call = { jsonrpc: '2.0', id: 1, method: 'eth_blockNumber', params: [] }
    const answer = await this.#http.post({ url, body: JSON.stringify(call) }, limits)
    return Number((JSON.parse(answer.body) as { result: string }).result) - this.hidden
  }

  #age(call: Call, head: number): Call {
    const [tag, ...rest] = call.params
    if (tag === 'latest') return { ...call, params: [quantity(head), ...rest] }
    if (tag === 'finalized' && typeof this.finalized === 'number')
      return { ...call, params: [quantity(this.finalized), ...rest] }
    return call
  }

  #isUnknown({ method, params }: Call, head: number): boolean {
    if (method !== 'eth_getBlockByNumber') return false
    if (params[0] === 'finalized') return this.finalized === null
    return Number(params[0]) > head
  }
}

function quantity(height: number): string {
  return `0x${height.toString(16)}`
}
