import type { Clock } from '../../lib/clock.ts'

/** Spaces the requests to one provider, so that no second holds more of them than it allows. */
export class Pace {
  readonly #clock: Clock
  readonly #gapMs: number
  #freeMs = -Infinity

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock
    this.#gapMs = 1_000 / perSecond
  }

  /** Resolves when it is this caller's turn; callers are served in the order in which they came. */
  async turn(): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    const turnMs = Math.max(nowMs, this.#freeMs)
    this.#freeMs = turnMs + this.#gapMs
    if (turnMs > nowMs) await this.#clock.sleep(turnMs - nowMs)
  }
}
