import { required } from '../../../src/lib/assert.ts'

interface Happening {
  readonly atMs: number
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
    const happening = { atMs: this.#nowMs + Math.max(0, ms), order: this.#order, run }
    const index = this.#due.findLastIndex(({ atMs }) => atMs <= happening.atMs)
    this.#due.splice(index + 1, 0, happening)
  }

  /** When the next thing happens by itself; null when nothing will. */
  get nextMs(): number | null {
    return this.#due[0]?.atMs ?? null
  }

  advanceTo(ms: number): void {
    while ((this.#due[0]?.atMs ?? Infinity) <= ms) {
      const { atMs, run } = required(this.#due.shift(), 'looked at above')
      this.#nowMs = Math.max(this.#nowMs, atMs)
      run()
    }
    this.#nowMs = Math.max(this.#nowMs, ms)
  }
}
