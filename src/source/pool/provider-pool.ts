import type { ChainConfig } from '../../config/config.ts'
import { AppError } from '../../domain/error.ts'
import { SourceError } from '../../domain/source.ts'
import { AssertionError } from '../../lib/assert.ts'
import type { SourceDeps } from '../adapter.ts'
import { isFailure, ProviderFailure, type FailureKind } from '../wire/failure.ts'
import type { Provider } from './provider.ts'

/** Tries of one question beyond one per provider. */
const RETRIES_MAX = 2
/** The longest a question waits for a resting provider before it gives up; whoever asks polls anyway. */
const WAIT_MS_MAX = 1_000

/** Failures that speak of the provider, not of the question: it rests. */
const RESTS: ReadonlySet<FailureKind> = new Set([
  'unreachable',
  'timeout',
  'throttled',
  'unauthorized',
  'garbled',
  'contradiction',
  'stale',
])
/** Failures that the same provider would repeat, or take too long over, within one question. */
const NOT_AGAIN: ReadonlySet<FailureKind> = new Set(['timeout', 'unauthorized', 'stale'])
/** Failures that no transport explains: a person should hear of them. */
const REPORTED: ReadonlySet<FailureKind> = new Set(['contradiction', 'wrong_chain', 'stale'])

/** Its message may quote the answer, and the places stand at the end of its stack. */
const UNFORESEEN_LENGTH_MAX = 200
const STACK_LENGTH_MAX = 2_000

/** A chain's providers in the operator's order: the first healthy one answers, the next when it cannot. */
export class ProviderPool<P extends Provider> {
  readonly providers: readonly P[]
  readonly #config: ChainConfig
  readonly #deps: SourceDeps
  readonly #closing = new AbortController()

  constructor(config: ChainConfig, deps: SourceDeps, providers: readonly P[]) {
    this.#config = config
    this.#deps = deps
    this.providers = providers
    for (const provider of providers) {
      deps.report.providerUp(config.chain, provider.name, () => provider.isUp)
    }
  }

  /** First contact. Who does not answer is tried later; nobody left who may serve our chain is an error. */
  async open(): Promise<void> {
    await Promise.all(this.providers.map((provider) => this.try(provider, async () => null)))
    const refusals = this.providers.flatMap(({ refusal }) => refusal ?? [])
    if (refusals.length < this.providers.length) return
    const { slug } = this.#config.chain
    const remedy = `point the RPC URL of ${slug} at its own chain, or configure the chain it serves`
    throw new AppError('chain_mismatch', `${refusals.join('; ')}: ${remedy}`)
  }

  /** Asks one provider after the other until one can answer. */
  async ask<T>(work: (provider: P) => Promise<T>): Promise<T> {
    const unable = new Set<P>()
    let failure: ProviderFailure | null = null
    for (let left = this.providers.length + RETRIES_MAX; left > 0; left -= 1) {
      const provider = await this.#next(unable)
      if (provider === null) break
      const answer = await this.try(provider, work)
      if (!('failure' in answer)) return answer.value
      failure = answer.failure
      if (!RESTS.has(failure.kind) || NOT_AGAIN.has(failure.kind)) unable.add(provider)
    }
    throw this.#sourceError(failure)
  }

  /** Those that may be asked right now, in order. */
  awake(): P[] {
    return this.providers.filter(({ refusal, restMs }) => refusal === null && restMs === 0)
  }

  /** The others that may be asked for a second opinion right now. */
  others(provider: P): P[] {
    return this.awake().filter((other) => other !== provider)
  }

  /** One try with one provider; what it did wrong is reported and remembered. */
  async try<T>(
    provider: P,
    work: (provider: P) => Promise<T>,
  ): Promise<{ readonly value: T } | { readonly failure: ProviderFailure }> {
    const startedMs = this.#deps.env.clock.monotonicMs()
    try {
      await provider.assertChain()
      const value = await work(provider)
      provider.succeeded()
      return { value }
    } catch (error) {
      const failure = error instanceof ProviderFailure ? error : this.#unforeseen(provider, error)
      this.#blame(provider, failure, startedMs)
      return { failure }
    }
  }

  close(): void {
    this.#closing.abort()
  }

  /**
   * What no reader of answers has ruled out must not stop a chain for as long as one provider sends it. It is a gap
   * in ours all the same, and a person is told where. A broken invariant is no answer's doing.
   */
  #unforeseen({ name }: P, cause: unknown): ProviderFailure {
    if (cause instanceof AssertionError || !(cause instanceof Error)) throw cause
    const words = `${cause.name}: ${cause.message}`.slice(0, UNFORESEEN_LENGTH_MAX)
    const message = `an answer that could not be read: ${words}`
    const stack = cause.stack?.slice(-STACK_LENGTH_MAX)
    this.#deps.report.providerLied(this.#config.chain, message, { provider: name, stack })
    return new ProviderFailure('garbled', message, { cause })
  }

  #blame(provider: P, failure: ProviderFailure, startedMs: number): void {
    const { kind, message, evidence } = failure
    if (REPORTED.has(kind)) {
      const { chain } = this.#config
      this.#deps.report.providerLied(chain, message, { provider: provider.name, ...evidence })
    }
    if (RESTS.has(kind)) provider.failed(failure, startedMs)
  }

  /** The first that is awake, else the one to wake first, if that is soon. */
  async #next(unable: ReadonlySet<P>): Promise<P | null> {
    const able = this.providers.filter((one) => one.refusal === null && !unable.has(one))
    const [next] = able.toSorted((a, b) => a.restMs - b.restMs)
    if (next === undefined) return null
    const waitMs = next.restMs
    if (waitMs > WAIT_MS_MAX || this.#closing.signal.aborted) return null
    if (waitMs > 0) await this.#deps.env.clock.sleep(waitMs, this.#closing.signal)
    return next
  }

  #sourceError(failure: ProviderFailure | null): SourceError {
    const { slug } = this.#config.chain
    const refusals = this.providers.flatMap(({ refusal }) => refusal ?? [])
    if (refusals.length === this.providers.length) {
      return new SourceError('misconfigured', `${slug}: ${refusals.join('; ')}`)
    }
    const [resting] = this.providers.flatMap(({ lastFailure }) => lastFailure ?? [])
    const cause = failure ?? resting
    const kind = isFailure(cause, 'unauthorized') ? 'misconfigured' : 'transient'
    const words = failure === null ? 'its providers rest after: ' : ''
    return new SourceError(kind, `${slug}: ${words}${cause?.message ?? 'closed'}`, { cause })
  }
}
