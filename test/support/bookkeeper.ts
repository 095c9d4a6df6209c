import { required } from '../../src/lib/assert.ts'

/** What an event, the feed and `GET /v1/deposits/{id}` all say of a deposit, as far as books need it. */
export interface Told {
  readonly id: string
  readonly chain: string
  readonly version: number
  readonly state: string
  readonly amount: string
  readonly block: { readonly height: number; readonly hash: string }
  readonly transaction: { readonly hash: string }
}

export interface ToldEvent {
  readonly id: string
  readonly payload: { readonly data: Told }
}

export interface Page {
  readonly data: readonly ToldEvent[]
  readonly next_after: number
  readonly has_more: boolean
}

/** What the operator names: the moment restored to, or of a database filled anew the first block of each chain. */
export type RestoredTo =
  | { readonly moment: Date }
  | { readonly firstHeights: ReadonlyMap<string, number> }

/** What docs/webhooks.md leaves to the consumer. */
export interface Habits {
  readonly now: () => Date
  /** Compares more deposits than it has to. */
  readonly comparesAll: boolean
  /** Forgets more ids than it has to. */
  readonly forgetsAll: boolean
  /** Keeps what it had credited where the restored database has only detected it: it takes webhooks and no feed. */
  readonly keepsCredits: boolean
}

type Ask = (id: string) => Promise<Told | null>

const AN_HOUR_MS = 3_600_000

/** Somebody who books deposits exactly as docs/webhooks.md says, always and after settled was restored. */
export class Bookkeeper {
  /** The table `deposit` of the recipe. */
  readonly rows = new Map<string, Told>()
  /** What is credited, by transaction. */
  readonly balances = new Map<string, bigint>()
  /** The table `seen_event`, with when the event came and of which deposit it was. */
  readonly #seen = new Map<string, { readonly deposit: string; readonly at: Date }>()
  readonly #habits: Habits
  /** Compared once they are more than detected, or gone. */
  readonly #kept = new Map<string, Told>()
  #after = 0
  #isBooking = true

  constructor(habits: Habits) {
    this.#habits = habits
  }

  /** For a deposit whose credit it kept. */
  get isWaiting(): boolean {
    return this.#kept.size > 0
  }

  /** Steps 2 to 4 of the recipe; the status that a webhook is answered with. */
  receive({ id, payload: { data } }: ToldEvent): 200 | 503 {
    if (!this.#isBooking || this.#kept.has(data.id)) return 503
    if (this.#seen.has(id)) return 200
    this.#seen.set(id, { deposit: data.id, at: this.#habits.now() })
    if ((this.rows.get(data.id)?.version ?? 0) < data.version) this.#book(data)
    return 200
  }

  async pull(page: (after: number) => Promise<Page>): Promise<void> {
    while (this.#isBooking) {
      const { data, next_after, has_more } = await page(this.#after)
      for (const event of data) this.receive(event)
      this.#after = next_after
      if (!has_more) return
    }
  }

  /** Step 1 after a restore. */
  stopBooking(): void {
    this.#isBooking = false
  }

  /** Steps 3 and 4 after a restore; `ask` answers null for 404. */
  async compare(to: RestoredTo, ask: Ask): Promise<void> {
    for (const row of this.#concerned(to)) {
      const told = await ask(row.id)
      const isLess = isCredited(row) > 0 && told?.state === 'detected'
      if (isLess && this.#habits.keepsCredits) this.#kept.set(row.id, row)
      else this.#agree(row, told)
    }
    for (const [id, { at }] of this.#seen) {
      if (this.#habits.forgetsAll || 'firstHeights' in to || at >= since(to)) this.#seen.delete(id)
    }
  }

  /** The last paragraph on a restore: what was kept is asked for again. */
  async compareKept(ask: Ask): Promise<void> {
    for (const row of this.#kept.values()) {
      const told = await ask(row.id)
      if (told?.state === 'detected') continue
      this.#agree(row, told)
      this.#kept.delete(row.id)
    }
  }

  /** Step 5 after a restore. */
  bookAgain(lastNumber: number): void {
    this.#after = Math.min(this.#after, lastNumber)
    this.#isBooking = true
  }

  #concerned(to: RestoredTo): Told[] {
    const rows = [...this.rows.values()]
    if ('firstHeights' in to) {
      return rows.filter(({ state, block: { height }, chain }) => {
        const first = required(to.firstHeights.get(chain), `the operator names ${chain}`)
        return state !== 'final' || height >= first
      })
    }
    if (this.#habits.comparesAll) return rows
    const heard = [...this.#seen.values()].filter(({ at }) => at >= since(to))
    const ids = new Set(heard.map(({ deposit }) => deposit))
    return rows.filter(({ id }) => ids.has(id))
  }

  #agree(row: Told, told: Told | null): void {
    if (told === null) this.#drop(row)
    else this.#book(told)
  }

  #book(told: Told): void {
    const before = this.rows.get(told.id)
    this.#credit(told, isCredited(told) - isCredited(before))
    this.rows.set(told.id, told)
  }

  #drop(row: Told): void {
    this.#credit(row, -isCredited(row))
    this.rows.delete(row.id)
  }

  #credit({ amount, transaction: { hash } }: Told, times: number): void {
    const balance = (this.balances.get(hash) ?? 0n) + BigInt(times) * BigInt(amount)
    this.balances.set(hash, balance)
    if (balance === 0n) this.balances.delete(hash)
  }
}

function isCredited(told: Told | undefined): number {
  return told?.state === 'confirmed' || told?.state === 'final' ? 1 : 0
}

function since({ moment }: { readonly moment: Date }): Date {
  return new Date(moment.getTime() - AN_HOUR_MS)
}
