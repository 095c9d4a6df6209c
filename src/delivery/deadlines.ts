import type { Clock } from '../lib/clock.ts'

interface Running {
  readonly dueMs: number
  readonly controller: AbortController
}

/**
 * One deadline for many short pieces of work. All are equally long, so the oldest is always the next to fall
 * due and a single sleep watches over all of them; a timer for each, cancelled each time, cost a tenth of the
 * webhooks per second.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #lengthMs: number
  readonly #running = new Set<Running>()
  readonly #closing = new AbortController()
  #watch: Promise<void> | null = null

  constructor(clock: Clock, lengthMs: number) {
    this.#clock = clock
    this.#lengthMs = lengthMs
  }

  /** Runs `work` with a signal that aborts when its time is up. */
  async within<T>(work: (deadline: AbortSignal) => Promise<T>): Promise<T> {
    const dueMs = this.#clock.monotonicMs() + this.#lengthMs
    const running = { dueMs, controller: new AbortController() }
    this.#running.add(running)
    this.#watch ??= this.#watchOver()
    try {
      return await work(running.controller.signal)
    } finally {
      this.#running.delete(running)
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#watch
  }

  async #watchOver(): Promise<void> {
    const { signal } = this.#closing
    for (let next = this.#oldest(); next !== undefined && !signal.aborted; next = this.#oldest()) {
      const leftMs = next.dueMs - this.#clock.monotonicMs()
      if (leftMs > 0) await this.#clock.sleep(leftMs, signal)
      else {
        this.#running.delete(next)
        next.controller.abort()
      }
    }
    this.#watch = null
  }

  #oldest(): Running | undefined {
    return this.#running.values().next().value
  }
}
