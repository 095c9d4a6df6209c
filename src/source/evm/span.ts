/** How many blocks a first range asks for, before anything is known. */
const FIRST = 128
const MAX = 10_000
/** Logs wanted in one answer: some 10 MB of JSON, large enough to drown the round trip, small enough to hold. */
const LOGS_WANTED = 15_000

/**
 * How many blocks one `eth_getLogs` may span with a provider. It doubles while answers are small, aims at a
 * comfortable number of logs, halves at a refusal, and from then on grows by a sixteenth at a time: limits are
 * in blocks here, in logs there, in bytes or seconds elsewhere, and none can be asked for.
 */
export class Span {
  #blocks = FIRST
  #refused = false

  get blocks(): number {
    return this.#blocks
  }

  accepted(blocks: number, logs: number): void {
    // A range shorter than the span, cut at its end, says nothing about a longer one.
    if (blocks < this.#blocks && logs < LOGS_WANTED) return
    const growth = this.#refused ? 1 + 1 / 16 : 2
    const comfortable = logs === 0 ? growth : LOGS_WANTED / logs
    const next = Math.ceil(blocks * Math.min(growth, comfortable))
    this.#blocks = Math.min(MAX, Math.max(1, next))
  }

  refused(blocks: number): void {
    this.#refused = true
    this.#blocks = Math.max(1, Math.floor(blocks / 2))
  }
}
