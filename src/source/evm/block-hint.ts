import type { Env } from '../../lib/env.ts'
import { subscribeNewHeads } from './new-heads.ts'

const REST_MS_MIN = 500
const REST_MS_MAX = 30_000
/** A subscription this quiet is taken for dead: they die without closing. */
const SILENCE_MS_MAX = 60_000

/**
 * A websocket that rings at new heads and reconnects for as long as it is open. It only makes the poll come
 * sooner, so everything that goes wrong here is silence.
 */
export class BlockHint {
  readonly #url: string
  readonly #env: Env
  readonly #ring: () => void
  readonly #closing = new AbortController()
  readonly #running: Promise<void>

  constructor(url: string, env: Env, ring: () => void) {
    this.#url = url
    this.#env = env
    this.#ring = ring
    this.#running = this.#run()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#env
    const { signal } = this.#closing
    let failures = 0
    while (!signal.aborted) {
      failures = (await this.#listen()) ? 0 : failures + 1
      const restMs = Math.min(REST_MS_MAX, REST_MS_MIN * 2 ** Math.min(failures, 16))
      await clock.sleep(restMs * (0.5 + random.fraction() / 2), signal)
    }
  }

  /** One connection, until it ends or falls silent. Returns whether it ever rang. */
  async #listen(): Promise<boolean> {
    const ended = new AbortController()
    let heads = 0
    const unsubscribe = subscribeNewHeads(this.#url, {
      onSubscribed: () => undefined,
      onHead: () => {
        heads += 1
        this.#ring()
      },
      onEnd: () => ended.abort(),
    })
    const signal = AbortSignal.any([this.#closing.signal, ended.signal])
    let before: number
    do {
      before = heads
      await this.#env.clock.sleep(SILENCE_MS_MAX, signal)
    } while (heads > before && !signal.aborted)
    unsubscribe()
    return heads > 0
  }
}
