import { hold } from './violation.ts'

interface FeedPage {
  readonly data: readonly { readonly id: string; readonly seq: number; readonly payload: object }[]
  readonly next_after: number
}

/** A consumer that pages the feed of one environment while it is being written. */
export class FeedReader {
  readonly environment: string
  /** In the order of the feed. */
  readonly events = new Map<string, string>()
  after = 0
  /** One page at a time: a second one would be the same. */
  isReading = false

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
      this.events.set(id, JSON.stringify(payload))
      this.after = seq
    }
  }
}
