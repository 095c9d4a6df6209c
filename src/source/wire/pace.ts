import type { Clock } from '../../lib/clock.ts'
import { ProviderFailure } from './failure.ts'

/**
 * What a provider allows, to all links with it together: so many requests a second, and none at all while it has
 * suspended us. Whatever is under way when the suspension is heard of must stop as well: asking prolongs it.
 */
export class Pace {
  readonly #clock: Clock
  readonly #gapMs: number
  #freeMs = -Infinity
  #suspendedUntilMs = -Infinity

  /** Without `perSecond` as fast as we like. */
  constructor(clock: Clock, perSecond = Infinity) {
    this.#clock = clock
    this.#gapMs = 1_000 / perSecond
  }

  /** Resolves when it is this caller's turn, in the order in which they came; throws while suspended. */
  async turn(): Promise<void> {
    this.#assertOpen()
    const nowMs = this.#clock.monotonicMs()
    const turnMs = Math.max(nowMs, this.#freeMs)
    this.#freeMs = turnMs + this.#gapMs
    if (turnMs === nowMs) return
    await this.#clock.sleep(turnMs - nowMs)
    this.#assertOpen()
  }

  suspend(ms: number): void {
    this.#suspendedUntilMs = Math.max(this.#suspendedUntilMs, this.#clock.monotonicMs() + ms)
  }

  #assertOpen(): void {
    const retryAfterMs = this.#suspendedUntilMs - this.#clock.monotonicMs()
    if (retryAfterMs <= 0) return
    const seconds = Math.ceil(retryAfterMs / 1_000)
    throw new ProviderFailure('throttled', `suspended for ${seconds} s more`, { retryAfterMs })
  }
}
