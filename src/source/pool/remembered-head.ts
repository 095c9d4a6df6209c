import type { BlockHeader } from '../../domain/block.ts'
import type { Clock } from '../../lib/clock.ts'

/** A head may be replaced at any time; within one poll, asking for its header again is only latency. */
const REMEMBER_MS_MAX = 1_000

/** The head that one provider named last, for as long as it is worth anything. */
export class RememberedHead<H extends BlockHeader> {
  readonly #clock: Clock
  #head: { readonly header: H; readonly atMs: number } | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  keep(header: H): H {
    this.#head = { header, atMs: this.#clock.monotonicMs() }
    return header
  }

  get header(): H | null {
    if (this.#head === null) return null
    const ageMs = this.#clock.monotonicMs() - this.#head.atMs
    return ageMs <= REMEMBER_MS_MAX ? this.#head.header : null
  }

  forget(): void {
    this.#head = null
  }
}
