import { Agent } from 'undici'
import type { Clock } from '../../lib/clock.ts'
import { Deadlines } from '../deadlines.ts'
import { sign } from '../signature.ts'
import type { AttemptOutcome, SendRequest, Sink } from '../sink.ts'
import { guardedConnector } from '../target-guard.ts'
import { Exchange } from './exchange.ts'

/** Connect, headers and body together, in milliseconds. */
const DEADLINE_MS = 15_000
const KEEP_ALIVE_MS = 30_000

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
    const exchange = new Exchange(startedAt)
    this.#deadlines.started(exchange)
    this.#post(request, startedAt, exchange)
    const { kind, status, response, error, retryAfterMs } = await exchange.answer
    this.#deadlines.done(exchange)
    const durationMs = Math.round(this.#clock.monotonicMs() - startedMs)
    return { kind, startedAt, durationMs, status, response, error, retryAfterMs }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
    await this.#deadlines.close()
  }

  #post(request: SendRequest, now: Date, exchange: Exchange): void {
    try {
      const url = new URL(request.url)
      const path = url.pathname + url.search
      const { body } = request
      const headers = headersOf(request, now)
      this.#agent.dispatch({ origin: url.origin, path, method: 'POST', headers, body }, exchange)
    } catch (error) {
      exchange.onResponseError(null, error)
    }
  }
}

/** Names and values in turn, as undici takes them without looking for either. */
function headersOf({ eventId: id, body, keys }: SendRequest, now: Date): string[] {
  const timestampSeconds = Math.floor(now.getTime() / 1_000)
  return [
    'content-type',
    'application/json',
    'user-agent',
    'settled',
    'webhook-id',
    id,
    'webhook-timestamp',
    `${timestampSeconds}`,
    'webhook-signature',
    sign({ id, timestampSeconds, body, keys }),
  ]
}
