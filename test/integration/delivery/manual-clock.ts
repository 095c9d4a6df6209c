import { mock, type TestContext } from 'node:test'
import type { Clock } from '../../../src/lib/clock.ts'

/**
 * Time that passes only when told. It moves `Date` as well, because the `standardwebhooks` library judges the
 * age of a message by it; the leases stay on the database's own clock.
 */
export class ManualClock implements Clock {
  readonly #startMs: number
  #sleepers: { untilMs: number; wake: () => void }[] = []

  constructor(t: TestContext) {
    mock.timers.enable({ apis: ['Date'], now: Date.now() })
    t.after(() => mock.timers.reset())
    this.#startMs = Date.now()
  }

  now(): Date {
    return new Date()
  }

  monotonicMs(): number {
    return Date.now() - this.#startMs
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return
    await new Promise<void>((wake) => {
      this.#sleepers.push({ untilMs: Date.now() + ms, wake })
      signal?.addEventListener('abort', () => wake(), { once: true })
    })
  }

  advance(ms: number): void {
    mock.timers.setTime(Date.now() + ms)
    const due = this.#sleepers.filter(({ untilMs }) => untilMs <= Date.now())
    this.#sleepers = this.#sleepers.filter((sleeper) => !due.includes(sleeper))
    for (const { wake } of due) wake()
  }
}
