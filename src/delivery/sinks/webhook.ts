import { Agent, type Dispatcher } from 'undici'
import type { Clock } from '../../lib/clock.ts'
import { Deadlines } from '../deadlines.ts'
import { parseRetryAfter } from '../retry-schedule.ts'
import { sign } from '../signature.ts'
import {
  RESPONSE_BYTES_MAX,
  type AttemptOutcome,
  type OutcomeKind,
  type SendRequest,
  type Sink,
} from '../sink.ts'
import { guardedConnector } from '../target-guard.ts'

/** Connect, headers and body together, in milliseconds. */
const DEADLINE_MS = 15_000
const KEEP_ALIVE_MS = 30_000
const ERROR_LENGTH_MAX = 100

type Answer = Pick<AttemptOutcome, 'kind' | 'status' | 'response' | 'error' | 'retryAfterMs'>

/** Sends events as Standard Webhooks. One per daemon, so that connections are shared and kept alive. */
export class WebhookSink implements Sink {
  readonly #agent: Agent
  readonly #clock: Clock
  readonly #deadlines: Deadlines

  constructor(clock: Clock, allow: readonly string[]) {
    this.#clock = clock
    this.#deadlines = new Deadlines(clock, DEADLINE_MS)
    this.#agent = new Agent({
      connect: guardedConnector(allow),
      // Lanes bound the attempts under way, hence the connections. A bound per origin would let one endpoint
      // that hangs starve another one on the same host.
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // The deadline covers all of it; undici's own timers would only answer first, under another name.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }

  async send(request: SendRequest): Promise<AttemptOutcome> {
    const startedAt = this.#clock.now()
    const startedMs = this.#clock.monotonicMs()
    const answer = await this.#deadlines.within((deadline) =>
      this.#exchange(request, startedAt, deadline),
    )
    const durationMs = Math.round(this.#clock.monotonicMs() - startedMs)
    return { ...answer, startedAt, durationMs }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
    await this.#deadlines.close()
  }

  async #exchange(request: SendRequest, now: Date, deadline: AbortSignal): Promise<Answer> {
    try {
      const url = new URL(request.url)
      const { statusCode, headers, body } = await this.#agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: 'POST',
        headers: headersOf(request, now),
        body: request.body,
        signal: deadline,
      })
      const retryAfter = headers['retry-after']
      const response = await firstBytes(body)
      const asked = statusCode === 429 || statusCode === 503
      const retryAfterMs =
        asked && typeof retryAfter === 'string' ? parseRetryAfter(retryAfter, now) : null
      return { kind: kindOf(statusCode), status: statusCode, response, error: null, retryAfterMs }
    } catch (error) {
      return unanswered(error, deadline.aborted)
    }
  }
}

function headersOf(request: SendRequest, now: Date): Record<string, string> {
  const { eventId: id, body, secrets } = request
  const timestampSeconds = Math.floor(now.getTime() / 1_000)
  return {
    'content-type': 'application/json',
    'user-agent': 'settled',
    'webhook-id': id,
    'webhook-timestamp': `${timestampSeconds}`,
    'webhook-signature': sign({ id, timestampSeconds, body, secrets }),
  }
}

/**
 * Leaving the loop early destroys the socket, so an endless answer costs one connection and no memory. The
 * bytes are kept as they came: decompressing a stranger's answer is how a kilobyte becomes a gigabyte.
 */
async function firstBytes(body: Dispatcher.ResponseData['body']): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length > RESPONSE_BYTES_MAX) break
  }
  return Buffer.concat(chunks).subarray(0, RESPONSE_BYTES_MAX)
}

function kindOf(status: number): OutcomeKind {
  if (status >= 200 && status < 300) return 'delivered'
  if (status >= 300 && status < 400) return 'redirected'
  if (status === 410) return 'gone'
  return status === 429 ? 'throttled' : 'rejected'
}

function unanswered(error: unknown, late: boolean): Answer {
  const code = codeOf(error)
  const kind =
    late || code === 'UND_ERR_CONNECT_TIMEOUT'
      ? 'timeout'
      : code === 'TARGET_FORBIDDEN'
        ? 'forbidden'
        : 'unreachable'
  const name = kind === 'timeout' ? 'TIMEOUT' : code.slice(0, ERROR_LENGTH_MAX)
  return { kind, status: null, response: null, error: name, retryAfterMs: null }
}

/** The class, never the message: a message may hold the addresses of our own network. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
