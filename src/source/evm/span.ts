/** How many blocks a first range asks for, before anything is known. */
const FIRST = 128
const MAX = 10_000
/** Logs wanted in one answer: some 10 MB of JSON, large enough to drown the round trip, small enough to hold. */
const LOGS_WANTED = 15_000
/** Answers in a row after which the ceiling is tried again. */
const STREAK = 32

/**
 * How many blocks one `eth_getLogs` may span with a provider. Limits are in blocks here, in logs there, in bytes
 * or seconds elsewhere, and none can be asked for. So it doubles until the first refusal, which sets a ceiling,
 * then halves the way to the ceiling each time; and it lifts the ceiling now and then, a little at first and
 * more the longer nothing was refused, because what was too dense in one year is sparse in another.
 */
export class Span {
  #blocks = FIRST
  #ceiling = MAX
  /** What a refusal falls back to; 0 before anything was answered. */
  #good = 0
  #streak = 0

  get blocks(): number {
    return this.#blocks
  }

  accepted(blocks: number, logs: number): void {
    // A range shorter than the span, cut at its end, says nothing about a longer one.
    if (blocks < this.#blocks && logs < LOGS_WANTED) return
    this.#good = blocks
    this.#streak += 1
    if (this.#streak % STREAK === 0) this.#lift(this.#streak / STREAK)
    const comfortable = logs === 0 ? MAX : Math.ceil((blocks * LOGS_WANTED) / logs)
    this.#blocks = Math.max(1, Math.min(this.#wider(blocks), comfortable))
  }

  refused(blocks: number): void {
    this.#streak = 0
    this.#ceiling = Math.max(1, blocks - 1)
    const isGoodNarrower = this.#good > 0 && this.#good < blocks
    this.#blocks = isGoodNarrower ? this.#good : Math.max(1, Math.floor(blocks / 2))
    this.#good = this.#blocks
  }

  /** Within a sixteenth of the ceiling it is wide enough: every further try is likely to be refused. */
  #wider(blocks: number): number {
    if (this.#ceiling === MAX) return Math.min(MAX, blocks * 2)
    const room = this.#ceiling - blocks
    return room * 16 < blocks ? blocks : blocks + Math.ceil(room / 2)
  }

  #lift(times: number): void {
    const by = Math.ceil((this.#ceiling * 2 ** Math.min(times, 8)) / 32)
    this.#ceiling = Math.min(MAX, this.#ceiling + by)
  }
}
