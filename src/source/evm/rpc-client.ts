import type { ProviderConfig } from '../../config/config.ts'
import type { Chain } from '../../domain/chain.ts'
import { required } from '../../lib/assert.ts'
import type { SourceDeps } from '../adapter.ts'
import { HttpFailure, type HttpAnswer, type HttpLimits } from '../http.ts'
import { isFailure, RpcFailure } from './failure.ts'
import {
  decodeBatch,
  decodeSingle,
  encodeBatch,
  encodeCall,
  type RpcAnswer,
  type RpcCall,
} from './json-rpc.ts'
import { readRetryAfter } from './retry-after.ts'

/** A full Ethereum block of nothing but transfers has some 7,500 of them, in 5 MB. */
const PLAIN_LIMITS: HttpLimits = { deadlineMs: 5_000, bytesMax: 16 * 1024 * 1024 }
/** For questions about many blocks: some 90,000 logs, and longer than public nodes search themselves. */
export const WIDE_LIMITS: HttpLimits = { deadlineMs: 20_000, bytesMax: 64 * 1024 * 1024 }

type Decode = (http: HttpAnswer, firstId: number) => RpcAnswer[]

interface Exchange {
  readonly body: string
  readonly decode: Decode
  readonly limits: HttpLimits
}

/** One provider's JSON-RPC: an answer belongs to its call, or there is a failure. Nothing is retried here. */
export class RpcClient {
  readonly #chain: Chain
  readonly #provider: ProviderConfig
  readonly #deps: SourceDeps
  readonly #secrets: readonly string[]
  #nextId = 1
  #refusesBatches = false

  constructor(chain: Chain, provider: ProviderConfig, deps: SourceDeps) {
    this.#chain = chain
    this.#provider = provider
    this.#deps = deps
    this.#secrets = secretsOf(provider.url)
  }

  async call(call: RpcCall, limits = PLAIN_LIMITS): Promise<unknown> {
    const body = encodeCall(call, this.#nextId)
    const decode: Decode = (http, id) => [decodeSingle(http, call, id)]
    const answers = await this.#exchange([call], { body, decode, limits })
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
      return await this.#exchange(calls, { body, decode, limits })
    } catch (error) {
      if (!isFailure(error, 'refused')) throw error
      this.#refusesBatches = true
      return null
    }
  }

  async #exchange(
    calls: readonly RpcCall[],
    { body, decode, limits }: Exchange,
  ): Promise<RpcAnswer[]> {
    const { env, http } = this.#deps
    const firstId = this.#nextId
    this.#nextId += calls.length
    const startedMs = env.clock.monotonicMs()
    try {
      const answer = await http.post(this.#provider.url, body, limits)
      refuseHaste(answer, env.clock.now())
      const answers = decode(answer, firstId).map((one) =>
        'failure' in one ? { failure: this.#scrub(one.failure) } : one,
      )
      this.#report(calls, answers, startedMs)
      return answers
    } catch (error) {
      const failure = this.#scrub(failureOf(error, limits))
      const failed = calls.map(() => ({ failure }))
      this.#report(calls, failed, startedMs)
      throw failure
    }
  }

  /** Providers like to quote the URL they were asked under, key and all. */
  #scrub({ kind, message, retryAfterMs, evidence }: RpcFailure): RpcFailure {
    const clean = this.#secrets.reduce((text, secret) => text.replaceAll(secret, '…'), message)
    return new RpcFailure(kind, clean, { retryAfterMs, evidence })
  }

  #report(calls: readonly RpcCall[], answers: readonly RpcAnswer[], startedMs: number): void {
    const durationMs = this.#deps.env.clock.monotonicMs() - startedMs
    for (const [index, { method }] of calls.entries()) {
      const answer = required(answers[index], 'every call has an answer')
      this.#deps.report.rpc({
        chain: this.#chain.slug,
        provider: this.#provider.name,
        method,
        durationMs,
        ...outcomeOf(answer),
      })
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

/** Statuses that say when to come back, which a body would not. */
function refuseHaste({ status, headers }: HttpAnswer, now: Date): void {
  if (status !== 429 && status !== 503) return
  const retryAfterMs = readRetryAfter(headers['retry-after'], now)
  const kind = status === 429 ? 'throttled' : 'unreachable'
  throw new RpcFailure(kind, `HTTP status ${status}`, { retryAfterMs })
}

function failureOf(error: unknown, limits: HttpLimits): RpcFailure {
  if (error instanceof RpcFailure) return error
  if (!(error instanceof HttpFailure)) throw error
  const { kind, message } = error
  // Only a wide question can be asked again for less.
  const isHopeless = kind === 'too_large' && limits !== WIDE_LIMITS
  return new RpcFailure(isHopeless ? 'garbled' : kind, message, { cause: error })
}

const SECRET_LENGTH_MIN = 8

/** Parts of a URL that may be a key; shorter ones such as `v2` are not, and would blank out innocent words. */
function secretsOf(text: string): string[] {
  const url = new URL(text)
  const parts = [...url.pathname.split('/'), ...url.searchParams.values(), url.password]
  return parts.filter((part) => part.length >= SECRET_LENGTH_MIN)
}
