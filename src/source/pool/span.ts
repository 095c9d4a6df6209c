/** What a family knows of ranges before its providers have said anything. */
export interface SpanRules {
  /** How many blocks a first range asks for. */
  readonly first: number
  readonly max: number
  /** Transfers wanted in one answer: large enough to drown the round trip, small enough to hold. */
  readonly transfersWanted: number
}

/** Answers in a row after which the ceiling is tried again. */
const STREAK = 32

/**
 * How many blocks one range may span with a provider. Limits are in blocks here, in logs there, in bytes
 * or seconds elsewhere, and none can be asked for. So it doubles until the first refusal, which sets a ceiling,
 * then halves the way to the ceiling each time; and it lifts the ceiling now and then, a little at first and
 * more the longer nothing was refused, because what was too dense in one year is sparse in another.
 */
export class Span {
  readonly #rules: SpanRules
  #blocks: number
  #ceiling: number
  /** What a refusal falls back to; 0 before anything was answered. */
  #good = 0
  #streak = 0

  constructor(rules: SpanRules) {
    this.#rules = rules
    this.#blocks = rules.first
    this.#ceiling = rules.max
  }

  get blocks(): number {
    return this.#blocks
  }

  accepted(blocks: number, transfers: number): void {
    const { max, transfersWanted } = this.#rules
    // A range shorter than the span, cut at its end, says nothing about a longer one.
    if (blocks < this.#blocks && transfers < transfersWanted) return
    this.#good = blocks
    this.#streak += 1
    if (this.#streak % STREAK === 0) this.#lift(this.#streak / STREAK)
    const comfortable = transfers === 0 ? max : Math.ceil((blocks * transfersWanted) / transfers)
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
    const { max } = this.#rules
    if (this.#ceiling === max) return Math.min(max, blocks * 2)
    const room = this.#ceiling - blocks
    return room * 16 < blocks ? blocks : blocks + Math.ceil(room / 2)
  }

  #lift(times: number): void {
    const by = Math.ceil((this.#ceiling * 2 ** Math.min(times, 8)) / 32)
    this.#ceiling = Math.min(this.#rules.max, this.#ceiling + by)
  }
}
