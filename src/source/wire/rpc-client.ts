import { required } from '../../lib/assert.ts'
import type { SourceDeps } from '../adapter.ts'
import { Exchange, PLAIN_LIMITS, type Link } from './exchange.ts'
import { isFailure, ProviderFailure } from './failure.ts'
import type { HttpAnswer, HttpLimits } from './http.ts'
import {
  decodeBatch,
  decodeSingle,
  encodeBatch,
  encodeCall,
  type RpcAnswer,
  type RpcCall,
} from './json-rpc.ts'

/** Whose calls they are, for the metrics. */
export interface Caller {
  readonly chain: string
  readonly provider: string
}

type Decode = (http: HttpAnswer, firstId: number) => RpcAnswer[]

interface Question {
  readonly body: string
  readonly decode: Decode
  readonly limits: HttpLimits
}

/** One provider's JSON-RPC: an answer belongs to its call, or there is a failure. Nothing is retried here. */
export class RpcClient {
  readonly #caller: Caller
  readonly #deps: SourceDeps
  readonly #exchange: Exchange
  #nextId = 1
  #refusesBatches = false

  constructor(caller: Caller, link: Link, deps: SourceDeps) {
    this.#caller = caller
    this.#deps = deps
    this.#exchange = new Exchange(link, deps)
  }

  async call(call: RpcCall, limits = PLAIN_LIMITS): Promise<unknown> {
    const body = encodeCall(call, this.#nextId)
    const decode: Decode = (http, id) => [decodeSingle(http, call, id)]
    const answers = await this.#ask([call], { body, decode, limits })
    return resultOf(required(answers[0], 'one call has one answer'))
  }

  /**
   * Several calls in one round trip, answered by one replica where a balancer stands in front of many. A
   * provider that refuses batches as such is asked one by one from then on.
   */
  async callAll(calls: readonly RpcCall[], limits = PLAIN_LIMITS): Promise<unknown[]> {
    const answers = this.#refusesBatches ? null : await this.#batch(calls, limits)
    if (answers !== null) return answers.map(resultOf)
    return Promise.all(calls.map((call) => this.call(call, limits)))
  }

  /** Null when the provider refuses the batch as a whole. */
  async #batch(calls: readonly RpcCall[], limits: HttpLimits): Promise<RpcAnswer[] | null> {
    try {
      const body = encodeBatch(calls, this.#nextId)
      const decode: Decode = (http, id) => decodeBatch(http, calls, id)
      return await this.#ask(calls, { body, decode, limits })
    } catch (error) {
      if (!isFailure(error, 'refused')) throw error
      this.#refusesBatches = true
      return null
    }
  }

  async #ask(calls: readonly RpcCall[], { body, decode, limits }: Question): Promise<RpcAnswer[]> {
    const firstId = this.#nextId
    this.#nextId += calls.length
    const startedMs = this.#deps.env.clock.monotonicMs()
    try {
      const answers = decode(await this.#exchange.post(body, limits), firstId).map((one) =>
        'failure' in one ? { failure: this.#exchange.noted(one.failure) } : one,
      )
      this.#report(calls, answers, startedMs)
      return answers
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error
      const failure = this.#exchange.noted(error)
      const failed = calls.map(() => ({ failure }))
      this.#report(calls, failed, startedMs)
      throw failure
    }
  }

  #report(calls: readonly RpcCall[], answers: readonly RpcAnswer[], startedMs: number): void {
    const durationMs = this.#deps.env.clock.monotonicMs() - startedMs
    for (const [index, { method }] of calls.entries()) {
      const answer = required(answers[index], 'every call has an answer')
      this.#deps.report.rpc({ ...this.#caller, method, durationMs, ...outcomeOf(answer) })
    }
  }
}

function resultOf(answer: RpcAnswer): unknown {
  if ('failure' in answer) throw answer.failure
  return answer.result
}

/** That it does not have a block is an honest answer, and on a young chain it is the answer of every poll. */
function outcomeOf(answer: RpcAnswer): { outcome: string; error?: string } {
  if (!('failure' in answer) || answer.failure.kind === 'unknown_block') return { outcome: 'ok' }
  return { outcome: answer.failure.kind, error: answer.failure.message }
}
