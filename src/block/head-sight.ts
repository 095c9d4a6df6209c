import type { BlockHeader } from '../domain/block.ts'
import type { Clock } from '../lib/clock.ts'

/** What the provider says right now: its head, and the block it calls final. */
export interface Sight {
  readonly head: BlockHeader
  readonly claimed: BlockHeader | null
}

/**
 * When and where the head was last seen, by a daemon that looks at it. Told apart from how long nothing has moved: the
 * head may be seen and stand still, and a range of history may take minutes to read after a good look.
 */
export class HeadSight {
  readonly #clock: Clock
  /** Null while this daemon does not look: on standby, or while the chain is halted. */
  #seenMs: number | null = null
  #height: number | null = null
  /** Since when looks have had no answer; null when the last one had. */
  #blindSinceMs: number | null = null
  #lastError: string | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** One look, from its start to what came of it: the head, and whatever was looked at beside it. */
  async look<T extends readonly [BlockHeader, ...unknown[]]>(at: () => Promise<T>): Promise<T> {
    const startedMs = this.#clock.monotonicMs()
    // Before the first good look: the age of our first attempt.
    this.#seenMs ??= startedMs
    this.#blindSinceMs ??= startedMs
    try {
      const seen = await at()
      this.#seenMs = this.#clock.monotonicMs()
      this.#height = seen[0].height
      this.#blindSinceMs = null
      this.#lastError = null
      return seen
    } catch (error) {
      this.#lastError = error instanceof Error ? error.message : String(error)
      throw error
    }
  }

  /** Somebody else looks from here on, or nobody. */
  rest(): void {
    this.#seenMs = null
    this.#height = null
    this.#blindSinceMs = null
    this.#lastError = null
  }

  /** Of the head as the last good look showed it; null before the first, and while this daemon does not look. */
  get height(): number | null {
    return this.#height
  }

  /** Seconds since the last good look; null while this daemon does not look. */
  ageSeconds(): number | null {
    return this.#seenMs === null ? null : this.#secondsSince(this.#seenMs)
  }

  /** For how many seconds looks have failed or hung, and why; null when the last one did not. */
  blindness(): { readonly seconds: number; readonly reason: string | null } | null {
    if (this.#blindSinceMs === null) return null
    return { seconds: this.#secondsSince(this.#blindSinceMs), reason: this.#lastError }
  }

  #secondsSince(ms: number): number {
    return Math.round((this.#clock.monotonicMs() - ms) / 1_000)
  }
}
