import { required } from '../../../src/lib/assert.ts'

interface Happening {
  atMs: number
  readonly order: number
  readonly run: () => void
}

/** The world's time. It moves only when told to, and what is due on the way happens then, in order. */
export class WorldTime {
  #nowMs: number
  #order = 0
  /** Ascending. */
  #due: Happening[] = []

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  get nowMs(): number {
    return this.#nowMs
  }

  after(ms: number, run: () => void): void {
    this.#order += 1
    const happening = { atMs: this.#nowMs + Math.max(0, Math.round(ms)), order: this.#order, run }
    const index = this.#due.findLastIndex(({ atMs }) => atMs <= happening.atMs)
    this.#due.splice(index + 1, 0, happening)
  }

  /** Lets the next thing happen, and nothing else. */
  step(): void {
    const { atMs, run } = required(
      this.#due.shift(),
      'the world never runs out of things to happen',
    )
    this.#nowMs = Math.max(this.#nowMs, atMs)
    run()
  }

  /** Time passes in which nothing happens; what was due then is due afterwards, in the same order. */
  leap(ms: number): void {
    this.#nowMs += ms
    for (const happening of this.#due) happening.atMs = Math.max(happening.atMs, this.#nowMs)
  }
}
