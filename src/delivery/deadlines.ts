import type { Clock } from '../lib/clock.ts'

/** A piece of work with a deadline. */
export interface Expiring {
  /** Called once its time is up, unless it was done before. */
  expire(): void
}

/**
 * One deadline for many short pieces of work. All are equally long, so the oldest is always the next to fall
 * due and a single sleep watches over all of them; a timer or a signal for each, made and dropped each time,
 * cost a tenth of the webhooks per second.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #lengthMs: number
  /** When each is due, by the monotonic clock, in the order of being started. */
  readonly #due = new Map<Expiring, number>()
  readonly #closing = new AbortController()
  #watch: Promise<void> | null = null

  constructor(clock: Clock, lengthMs: number) {
    this.#clock = clock
    this.#lengthMs = lengthMs
  }

  started(work: Expiring): void {
    this.#due.set(work, this.#clock.monotonicMs() + this.#lengthMs)
    this.#watch ??= this.#watchOver()
  }

  done(work: Expiring): void {
    this.#due.delete(work)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#watch
  }

  async #watchOver(): Promise<void> {
    const { signal } = this.#closing
    for (let next = this.#oldest(); next !== undefined && !signal.aborted; next = this.#oldest()) {
      const [work, dueMs] = next
      const leftMs = dueMs - this.#clock.monotonicMs()
      if (leftMs > 0) await this.#clock.sleep(leftMs, signal)
      else {
        this.#due.delete(work)
        work.expire()
      }
    }
    this.#watch = null
  }

  #oldest(): [Expiring, number] | undefined {
    return this.#due.entries().next().value
  }
}
