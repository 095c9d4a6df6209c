import { WebSocket } from 'undici'
import type { Env } from '../../lib/env.ts'

const REST_MS_MIN = 500
const REST_MS_MAX = 30_000
/** A subscription this quiet is taken for dead: they die without closing. */
const SILENCE_MS_MAX = 60_000

const SUBSCRIBE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'eth_subscribe',
  params: ['newHeads'],
})

/**
 * A websocket that rings at new heads and reconnects for as long as it is open. Nothing it says is believed:
 * it only makes the poll come sooner, so everything that goes wrong here is silence.
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

  /** One connection, until it closes or falls silent. Returns whether it ever rang. */
  async #listen(): Promise<boolean> {
    const socket = new WebSocket(this.#url)
    const ended = new AbortController()
    const end = () => ended.abort()
    let heads = 0
    socket.addEventListener('open', () => socket.send(SUBSCRIBE))
    socket.addEventListener('message', ({ data }) => {
      if (!isNewHead(data)) return
      heads += 1
      this.#ring()
    })
    socket.addEventListener('error', end)
    socket.addEventListener('close', end)
    const signal = AbortSignal.any([this.#closing.signal, ended.signal])
    for (let before = -1; before !== heads && !signal.aborted;) {
      before = heads
      await this.#env.clock.sleep(SILENCE_MS_MAX, signal)
    }
    socket.close()
    return heads > 0
  }
}

function isNewHead(data: unknown): boolean {
  return typeof data === 'string' && data.includes('"eth_subscription"')
}
