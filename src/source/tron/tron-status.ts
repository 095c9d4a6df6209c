import { ProviderFailure, type FailureKind } from '../wire/failure.ts'
import type { HttpAnswer } from '../wire/http.ts'
import { readRetryAfter } from '../wire/retry-after.ts'

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
  if (!TOO_OFTEN_STATUS.has(answer.status)) return null
  return throttled(
    `HTTP status ${answer.status}`,
    readRetryAfter(answer.headers['retry-after'], now),
    answer.body,
  )
}

/** What a body means that should have been JSON and is not. */
export function judgeText({ status, body }: HttpAnswer, path: string): ProviderFailure {
  const text = body.trim().slice(0, 120)
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
    `${body.length} characters that are not JSON: ${JSON.stringify(text)}`,
  )
}

/** What the node's own words mean, in the `Error` of an answer whatever its status. */
export function judgeError(message: string, status: number, path: string): ProviderFailure {
  if (TOO_OFTEN.test(message)) return throttled(message, null, message)
  return new ProviderFailure(kindOf(message, status), `${path}: ${message.slice(0, 200)}`)
}

function kindOf(message: string, status: number): FailureKind {
  if (BUSY.test(message)) return 'throttled'
  if (status === 401 || status === 402) return 'unauthorized'
  if (status >= 500) return 'unreachable'
  return UNKNOWN.test(message) ? 'unknown_block' : 'refused'
}

function throttled(message: string, askedMs: number | null, body: string): ProviderFailure {
  const seconds = SUSPENDED.exec(body)?.groups?.['seconds']
  const statedMs = seconds === undefined ? SUSPENSION_MS : Number(seconds) * 1_000
  return new ProviderFailure('throttled', message.slice(0, 200), {
    retryAfterMs: askedMs ?? statedMs,
  })
}
