import { hold } from './violation.ts'

interface FeedPage {
  readonly data: readonly { readonly id: string; readonly seq: number; readonly payload: Payload }[]
  readonly next_after: number
}

interface Payload {
  readonly data: { readonly id: string; readonly version: number }
}

/** A consumer that pages the feed of one environment while it is being written. */
export class FeedReader {
  readonly environment: string
  /** In the order of the feed. */
  readonly events = new Map<string, string>()
  after = 0
  /** One page at a time: a second one would be the same. */
  isReading = false
  readonly #versions = new Map<string, number>()

  constructor(environment: string) {
    this.environment = environment
  }

  take(page: FeedPage): void {
    for (const { id, seq, payload } of page.data) {
      hold(
        seq === this.after + 1,
        'I6',
        () => `${this.environment}: ${seq} came after ${this.after} in the feed`,
      )
      hold(!this.events.has(id), 'I6', () => `${id} is in the feed twice`)
      const { id: deposit, version } = payload.data
      const before = this.#versions.get(deposit) ?? 0
      hold(
        version === before + 1,
        'I5',
        () => `version ${version} of ${deposit} comes after ${before} in the feed`,
      )
      this.#versions.set(deposit, version)
      this.events.set(id, JSON.stringify(payload))
      this.after = seq
    }
  }
}
