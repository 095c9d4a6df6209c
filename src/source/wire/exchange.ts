import type { Env } from '../../lib/env.ts'
import { ProviderFailure } from './failure.ts'
import { HttpFailure, type HttpAnswer, type HttpLimits, type RpcHttp } from './http.ts'
import type { Pace } from './pace.ts'
import { grantedRetryAfter } from './retry-after.ts'

/** A full Ethereum block of nothing but transfers has some 7,500 of them, in 5 MB. */
export const PLAIN_LIMITS: HttpLimits = { deadlineMs: 5_000, bytesMax: 16 * 1024 * 1024 }
/** For questions about many blocks: some 90,000 logs, and longer than public nodes search themselves. */
export const WIDE_LIMITS: HttpLimits = { deadlineMs: 20_000, bytesMax: 64 * 1024 * 1024 }

/** Where one API of a provider is, and what its HTTP statuses mean. */
export interface Link {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** Shared by all links with a provider; null where it states no limits. */
  readonly pace?: Pace | null
  /** The failure that a status stands for whatever the body says; null where the body has the say. */
  readonly judgeStatus: (answer: HttpAnswer, now: Date) => ProviderFailure | null
}

/** One HTTP API of one provider: a whole answer, or a failure that holds none of the provider's secrets. */
export class Exchange {
  readonly #link: Link
  readonly #env: Env
  readonly #http: RpcHttp
  readonly #secrets: readonly string[]

  constructor(link: Link, { env, http }: { readonly env: Env; readonly http: RpcHttp }) {
    this.#link = link
    this.#env = env
    this.#http = http
    this.#secrets = secretsOf(link)
  }

  /** `path` goes behind the link's own. */
  async post(body: string, limits: HttpLimits, path = ''): Promise<HttpAnswer> {
    const { url, headers = {}, pace = null, judgeStatus } = this.#link
    try {
      await pace?.turn()
      const answer = withoutKeys(
        await this.#http.post({ url: below(url, path), body, headers }, limits),
        headers,
      )
      const failure = judgeStatus(answer, this.#env.clock.now())
      if (failure !== null) throw failure
      return answer
    } catch (error) {
      throw this.noted(failureOf(error, limits))
    }
  }

  /**
   * The failure as it may be shown: providers like to quote the URL they were asked under, key and all. A stated
   * suspension counts from now on.
   */
  noted({ kind, message, retryAfterMs, evidence }: ProviderFailure): ProviderFailure {
    if (kind === 'throttled' && retryAfterMs !== null) this.#link.pace?.suspend(retryAfterMs)
    const clean = this.#secrets.reduce((text, secret) => text.replaceAll(secret, '…'), message)
    return new ProviderFailure(kind, clean, { retryAfterMs, evidence })
  }
}

/** Statuses that say when to come back, which a body would not. */
export function judgeHaste({ status, headers }: HttpAnswer, now: Date): ProviderFailure | null {
  if (status !== 429 && status !== 503) return null
  const retryAfterMs = grantedRetryAfter(headers['retry-after'], now)
  const kind = status === 429 ? 'throttled' : 'unreachable'
  return new ProviderFailure(kind, `HTTP status ${status}`, { retryAfterMs })
}

function failureOf(error: unknown, limits: HttpLimits): ProviderFailure {
  if (error instanceof ProviderFailure) return error
  if (!(error instanceof HttpFailure)) throw error
  const { kind, message } = error
  // Only a wide question can be asked again for less.
  const isHopeless = kind === 'too_large' && limits !== WIDE_LIMITS
  return new ProviderFailure(isHopeless ? 'garbled' : kind, message, { cause: error })
}

function below(base: string, path: string): string {
  if (path === '') return base
  const url = new URL(base)
  url.pathname = url.pathname.replace(/\/$/, '') + path
  return url.href
}

const SECRET_LENGTH_MIN = 8

/**
 * A key that is quoted back is taken out before anything else looks at the answer: later it may stand in evidence,
 * or in half where a quotation was cut. No chain's data holds it.
 */
function withoutKeys(answer: HttpAnswer, headers: Readonly<Record<string, string>>): HttpAnswer {
  const keys = Object.values(headers).filter((key) => key.length >= SECRET_LENGTH_MIN)
  const without = (text: string): string =>
    keys.reduce((rest, key) => rest.replaceAll(key, '…'), text)
  if (keys.length === 0) return answer
  const told = Object.entries(answer.headers).map(([name, value]) => [name, without(value)])
  return { ...answer, headers: Object.fromEntries(told), body: without(answer.body) }
}

/** Letters and digits mixed: some providers tell their customers apart by such a host. */
const HOST_KEY = /^(?=.*[a-z])(?=.*\d)[a-z\d]{16,}$/

/** Parts of a URL that may be a key; shorter ones such as `v2` are not, and would blank out innocent words. */
function secretsOf({ url: text, headers = {} }: Link): string[] {
  const { pathname, searchParams, username, password, hostname } = new URL(text)
  const parts = [...pathname.split('/'), ...searchParams.values(), username, password]
  return [
    ...[...parts, ...Object.values(headers)].filter((part) => part.length >= SECRET_LENGTH_MIN),
    ...hostname.split('.').filter((label) => HOST_KEY.test(label)),
  ]
}
