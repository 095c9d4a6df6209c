import { ProviderFailure, type FailureKind } from '../wire/failure.ts'
import type { HttpAnswer } from '../wire/http.ts'
import { grantedRetryAfter } from '../wire/retry-after.ts'

/** How long a hosted API suspends a key that asked too often, where it does not say; asking meanwhile prolongs it. */
const SUSPENSION_MS = 30_000

const SUSPENDED = /suspended for (?<seconds>\d{1,4})\s*s/i
const TOO_OFTEN = /frequency limit|suspended|rate.?limit|too many requests|daily/i
/** What a node says that answers nothing more at this moment; it is itself again in a moment. */
const BUSY = /lack of computing resources/i
const UNKNOWN = /not (?:be )?found|not exist/i

/** Hosted APIs say "too often" with any of these, and mean the same. */
const TOO_OFTEN_STATUS: ReadonlySet<number> = new Set([403, 429, 503])

/** The failure that an HTTP status stands for; null where the body has the say. */
export function judgeTronStatus(answer: HttpAnswer, now: Date): ProviderFailure | null {
  const { status, headers, body } = answer
  if (!TOO_OFTEN_STATUS.has(status)) return null
  // The body says why, and perhaps that the key is not the reason but the problem.
  const words = `HTTP status ${status}: ${quote(body)}`
  return throttled(words, grantedRetryAfter(headers['retry-after'], now))
}

/** What a body means that should have been JSON and is not. */
export function judgeText({ status, body }: HttpAnswer, path: string): ProviderFailure {
  if (status === 401 || status === 402)
    return new ProviderFailure('unauthorized', `HTTP status ${status}`)
  if (status === 404 || status === 405) {
    return new ProviderFailure('refused', `${path} is not served here (HTTP status ${status})`)
  }
  if (status === 413) return new ProviderFailure('too_large', 'HTTP status 413')
  if (status >= 500) return new ProviderFailure('unreachable', `HTTP status ${status}`)
  if (/lite fullnode/i.test(body)) {
    return new ProviderFailure('refused', `${path}: a lite fullnode without its history`)
  }
  return new ProviderFailure(
    'garbled',
    `${body.length} characters that are not JSON: ${quote(body)}`,
  )
}

/** What the node's own words mean, in the `Error` of an answer whatever its status. */
export function judgeError(message: string, status: number, path: string): ProviderFailure {
  const words = `${path}: ${quote(message)}`
  if (TOO_OFTEN.test(message)) return throttled(words, null)
  return new ProviderFailure(kindOf(message, status), words)
}

function kindOf(message: string, status: number): FailureKind {
  if (BUSY.test(message)) return 'throttled'
  if (status === 401 || status === 402) return 'unauthorized'
  if (status >= 500) return 'unreachable'
  return UNKNOWN.test(message) ? 'unknown_block' : 'refused'
}

/** For as long as it asks, and no shorter than the suspension it states. */
function throttled(words: string, askedMs: number | null): ProviderFailure {
  const seconds = SUSPENDED.exec(words)?.groups?.['seconds']
  const suspendedMs = seconds === undefined ? null : Number(seconds) * 1_000
  const isUnstated = askedMs === null && suspendedMs === null
  const retryAfterMs = isUnstated ? SUSPENSION_MS : Math.max(askedMs ?? 0, suspendedMs ?? 0)
  return new ProviderFailure('throttled', words, { retryAfterMs })
}

const QUOTE_LENGTH_MAX = 160

function quote(text: string): string {
  return JSON.stringify(text.trim().slice(0, QUOTE_LENGTH_MAX))
}
