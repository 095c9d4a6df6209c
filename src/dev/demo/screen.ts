import type { Clock } from '../../lib/clock.ts'
import type { Received } from '../receiver.ts'
import type { Stack } from '../stack.ts'

const LOOK_MS = 50
/** Longer than any wait of the demo on a slow machine; past it something is wrong. */
const PATIENCE_MS = 30_000
const BAR_CELLS = 12

interface EventBody {
  readonly data: {
    readonly owner: string
    readonly rail: string
    readonly amount_decimal: string
    readonly block: { readonly height: number }
    readonly policy: { readonly confirmations: number | null }
  }
}

interface Row {
  readonly title: string
  readonly owner: string
  readonly amount: string
  readonly height: number
  readonly needed: number
  readonly state: string
}

/**
 * Shows the life of each deposit as its webhooks arrive: a live bar per deposit in a terminal, one plain line per
 * event elsewhere.
 */
export class Screen {
  readonly #stack: Stack
  readonly #clock: Clock
  readonly #write: (text: string) => void
  readonly #live: boolean
  readonly #rows = new Map<string, Row>()
  #told = 0
  #drawn = 0

  constructor(
    stack: Stack,
    clock: Clock,
    output: { write: (text: string) => void; live: boolean },
  ) {
    this.#stack = stack
    this.#clock = clock
    this.#write = output.write
    this.#live = output.live
  }

  say(sentence: string): void {
    this.#erase()
    this.#write(`\n${sentence}\n`)
  }

  /** Keeps showing until the condition holds. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const started = this.#clock.monotonicMs()
    for (;;) {
      await this.#look()
      if (condition()) return
      if (this.#clock.monotonicMs() - started > PATIENCE_MS) {
        throw new Error(`waited ${PATIENCE_MS / 1000} s for ${what}; the daemon's log says why`)
      }
      await this.#clock.sleep(LOOK_MS)
    }
  }

  /** Keeps showing for a while. */
  async linger(ms: number): Promise<void> {
    const started = this.#clock.monotonicMs()
    while (this.#clock.monotonicMs() - started < ms) {
      await this.#look()
      await this.#clock.sleep(LOOK_MS)
    }
  }

  /** Takes in what has arrived since the last look. */
  async #look(): Promise<void> {
    const news = this.#stack.receiver.received.slice(this.#told)
    this.#told += news.length
    for (const received of news) this.#take(received)
    if (this.#live) this.#draw(await this.#heads())
  }

  /** Heights by what people call the chain. */
  async #heads(): Promise<ReadonlyMap<string, number>> {
    const heads = this.#stack.networks.map(
      async (network) => [network.title, await network.headHeight()] as const,
    )
    return new Map(await Promise.all(heads))
  }

  #titleOf(rail: string): string {
    const network = this.#stack.networks.find(({ facts }) =>
      facts.rails.some((known) => known.rail.id === rail),
    )
    return network?.title ?? rail
  }

  #take(received: Received): void {
    const { data } = JSON.parse(received.body) as EventBody
    const state = received.type.slice('deposit.'.length)
    const title = this.#titleOf(data.rail)
    this.#rows.set(received.depositId, {
      title,
      owner: data.owner,
      amount: data.amount_decimal,
      height: data.block.height,
      needed: data.policy.confirmations ?? 0,
      state,
    })
    if (this.#live) return
    this.#write(
      `  ${title.padEnd(9)} ${data.owner.padEnd(6)} ${data.amount_decimal.padStart(6)} USDT  ${state.padEnd(9)}`,
    )
    this.#write(` block ${data.block.height}  v${received.version}  ${received.id}\n`)
  }

  #draw(heads: ReadonlyMap<string, number>): void {
    this.#erase()
    for (const row of this.#rows.values()) {
      this.#write(`${line(row, heads.get(row.title) ?? 0)}\n`)
    }
    this.#drawn = this.#rows.size
  }

  /** Cursor up and clear, once per line drawn last. */
  #erase(): void {
    if (this.#drawn > 0) this.#write('\u001b[1A\u001b[2K'.repeat(this.#drawn))
    this.#drawn = 0
  }
}

function line({ title, owner, amount, height, needed, state }: Row, head: number): string {
  const gone = state === 'orphaned' || state === 'reversed'
  const confirmations = gone ? 0 : Math.max(0, head - height + 1)
  const share = needed === 0 ? 1 : Math.min(1, confirmations / needed)
  const filled = Math.round(share * BAR_CELLS)
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled)
  return `  ${title.padEnd(9)} ${owner.padEnd(6)} ${amount.padStart(6)} USDT  ${bar}  ${confirmations} conf.  ${state}`
}
