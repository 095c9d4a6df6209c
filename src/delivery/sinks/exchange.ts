import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { parseRetryAfter } from '../../lib/retry-after.ts'
import type { Expiring } from '../deadlines.ts'
import { RESPONSE_BYTES_MAX, type AttemptOutcome, type OutcomeKind } from '../sink.ts'

const ERROR_LENGTH_MAX = 100

/** What one attempt came to, without its times. */
export type Answer = Omit<AttemptOutcome, 'startedAt' | 'durationMs'>

type Handler = Dispatcher.DispatchHandler
type Controller = Dispatcher.DispatchController

/**
 * One request and what is kept of its answer. It takes undici's callbacks as they come: the stream that
 * `request` makes of them, and its signal, cost as much as the signature. The first end counts, be it the
 * answer's, an error or the deadline; what follows it is the noise of aborting.
 */
export class Exchange implements Handler, Expiring {
  readonly #now: Date
  readonly #ended = Promise.withResolvers<Answer>()
  #controller: Controller | null = null
  #expired = false
  #status = 0
  #retryAfter: string | undefined
  readonly #chunks: Buffer[] = []
  #length = 0

  /** `now` is what an HTTP date in `Retry-After` is measured from. */
  constructor(now: Date) {
    this.#now = now
  }

  /** Never rejects. */
  get answer(): Promise<Answer> {
    return this.#ended.promise
  }

  expire(): void {
    this.#expired = true
    this.#ended.resolve(failed('timeout', 'TIMEOUT'))
    this.#controller?.abort(new Error('deadline'))
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    // It waited for a connection until its time was up: not a byte of it is sent any more.
    if (this.#expired) controller.abort(new Error('deadline'))
  }

  /** Also called for each informational answer (1xx); the last one stands. */
  onResponseStart(_: Controller, status: number, headers: IncomingHttpHeaders): void {
    this.#status = status
    this.#retryAfter = headers['retry-after']
  }

  /**
   * Aborting destroys the socket, so an endless answer costs one connection and no memory. The bytes are kept
   * as they came: decompressing a stranger's answer is how a kilobyte becomes a gigabyte.
   */
  onResponseData(controller: Controller, chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    if (this.#length <= RESPONSE_BYTES_MAX) return
    this.onResponseEnd()
    controller.abort(new Error('enough'))
  }

  onResponseEnd(): void {
    const status = this.#status
    const asked = status === 429 || status === 503
    this.#ended.resolve({
      kind: kindOf(status),
      status,
      response: Buffer.concat(this.#chunks, Math.min(this.#length, RESPONSE_BYTES_MAX)),
      error: null,
      retryAfterMs: asked ? parseRetryAfter(this.#retryAfter, this.#now) : null,
    })
  }

  onResponseError(_: Controller | null, error: unknown): void {
    this.#ended.resolve(unanswered(error))
  }
}

function kindOf(status: number): OutcomeKind {
  if (status >= 200 && status < 300) return 'delivered'
  if (status >= 300 && status < 400) return 'redirected'
  if (status === 410) return 'gone'
  return status === 429 ? 'throttled' : 'rejected'
}

function unanswered(error: unknown): Answer {
  const code = codeOf(error)
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return failed('timeout', 'TIMEOUT')
  const kind = code === 'TARGET_FORBIDDEN' ? 'forbidden' : 'unreachable'
  return failed(kind, code.slice(0, ERROR_LENGTH_MAX))
}

function failed(kind: OutcomeKind, error: string): Answer {
  return { kind, status: null, response: null, error, retryAfterMs: null }
}

/** The class, never the message: a message may hold the addresses of our own network. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
