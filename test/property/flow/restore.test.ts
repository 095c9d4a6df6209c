import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Address } from '../../../src/domain/chain.ts'
import type { Transfer } from '../../../src/domain/transfer.ts'
import { required } from '../../../src/lib/assert.ts'
import { Bookkeeper, type Habits, type RestoredTo } from '../../support/bookkeeper.ts'
import { testDatabase } from '../../support/database.ts'
import { cursorOf } from '../../support/halted.ts'
import { RAIL } from '../../support/flow-world.ts'
import { fc } from '../../support/properties.ts'
import { Restorable } from '../../support/restorable.ts'
import { hashOf, ScriptedChain, type Payment } from '../../support/scripted-chain.ts'

const EARLY: Address = `0x${'01'.repeat(20)}`
const LATE: Address = `0x${'0a'.repeat(20)}`
const STRANGER: Address = `0x${'0f'.repeat(20)}`
const UNIT = 1_000_000n
const MINUTE_MS = 60_000
/** What passes with every happening, so that an hour is neither nothing nor everything. */
const PAUSE_MS = 20 * MINUTE_MS
const DAY_MS = 1_440 * MINUTE_MS
/** Attempts to push what was refused meanwhile, far fewer than are made before a delivery is dead. */
const TELLING_DAYS = 3
/** The chain's height before anything happens. */
const FIRST = 3

type Move =
  | { readonly kind: 'mine'; readonly units: readonly number[]; readonly again: number }
  | { readonly kind: 'fork'; readonly depth: number; readonly again: number }
  /** The chain breaks its word. */
  | { readonly kind: 'break'; readonly depth: number; readonly again: number }
  | { readonly kind: 'detour'; readonly depth: number }
  | { readonly kind: 'lag'; readonly blocks: number }
  | { readonly kind: 'finalize'; readonly behind: number }
  | { readonly kind: 'register' }

interface Happening {
  readonly move: Move
  /** What the daemon and its consumers do about it before the next one. */
  readonly seenBy: 'nobody' | 'daemon' | 'all'
}

const kind = fc.constant
const depth = fc.integer({ min: 1, max: 4 })
const again = fc.nat({ max: 2 })
const units = fc.array(fc.constantFrom(1, 50, 5_000), { minLength: 1, maxLength: 2 })
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 7, arbitrary: fc.record({ kind: kind('mine' as const), units, again }) },
  { weight: 5, arbitrary: fc.record({ kind: kind('fork' as const), depth, again }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('break' as const), depth, again }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('detour' as const), depth }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('lag' as const), blocks: fc.nat({ max: 2 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: kind('finalize' as const), behind: fc.nat({ max: 4 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kind('register' as const) }) },
)
const seenBy = fc.constantFrom('nobody' as const, 'daemon' as const, 'all' as const, 'all' as const)

function happenings(minLength: number, maxLength: number): fc.Arbitrary<Happening[]> {
  return fc.array(fc.record({ move, seenBy }), { minLength, maxLength, size: 'max' })
}

const manner = fc.record({
  clockOffMinutes: fc.integer({ min: -59, max: 59 }),
  comparesAll: fc.boolean(),
  forgetsAll: fc.boolean(),
  keepsCredits: fc.boolean(),
  hearsLate: fc.boolean(),
})
type Manner = typeof manner extends fc.Arbitrary<infer T> ? T : never

const script = fc.record({
  manners: fc.tuple(manner, manner, manner),
  /** From the backup, or else from the chain into an empty database. */
  isBackedUp: fc.boolean(),
  before: happenings(1, 6),
  lost: happenings(2, 10),
  /** While there is no daemon. */
  down: happenings(0, 3),
  catchingUp: happenings(0, 4),
  /** How many blocks the provider lags behind from then on. */
  lag: fc.nat({ max: 2 }),
  comparing: happenings(0, 4),
  after: happenings(1, 6),
})
type Script = typeof script extends fc.Arbitrary<infer T> ? T : never

test('whatever was lost, after the steps for consumers their books equal the chain', async (t) => {
  const { url } = await testDatabase(t)
  await fc.assert(
    fc.asyncProperty(script, async (it) => {
      const play = await Play.begin(url, it.manners)
      try {
        await play.perform(it)
        play.assertBooksEqualChain()
      } finally {
        await play.world.close()
      }
    }),
    { numRuns: 8 },
  )
})

interface Consumer {
  readonly books: Bookkeeper
  readonly hearsLate: boolean
  readonly pulls: boolean
}

class Play {
  readonly world: Restorable
  readonly #chain: ScriptedChain
  readonly #consumers: readonly Consumer[]
  readonly #time: { ms: number }
  /** Left their blocks, and not mined again. */
  #pool: Payment[] = []
  #payments = 0
  #finalized = FIRST
  /** What settled called final when everybody had last been told everything. */
  #finalWhenTold = 0
  /** The highest block that the chain has kept since then, where it has taken back final ones. */
  #ancestor = Infinity
  /** Of a database that was filled anew. */
  #firstHeight = 0

  private constructor(
    world: Restorable,
    it: { chain: ScriptedChain; consumers: readonly Consumer[]; time: { ms: number } },
  ) {
    this.world = world
    this.#chain = it.chain
    this.#consumers = it.consumers
    this.#time = it.time
  }

  /** One consumer of each kind: by webhooks, by the feed, and by both. */
  static async begin(url: string, manners: readonly Manner[]): Promise<Play> {
    const time = { ms: Date.UTC(2026, 5, 1) }
    const consumers = manners.map((manner, index): Consumer => {
      const offMs = manner.clockOffMinutes * MINUTE_MS
      const keepsCredits = manner.keepsCredits && index === 0
      const habits: Habits = { ...manner, keepsCredits, now: () => new Date(time.ms + offMs) }
      return { books: new Bookkeeper(habits), hearsLate: manner.hearsLate, pulls: index > 0 }
    })
    const [pushed, , both] = consumers.map(({ books }) => books)
    const endpoints = new Map([
      ['https://pushed.example', required(pushed, 'one of three')],
      ['https://both.example', required(both, 'one of three')],
    ])
    const chain = ScriptedChain.of(FIRST)
    chain.finalize(FIRST)
    const world = await Restorable.open(url, { chain, endpoints, now: () => new Date(time.ms) })
    await world.register([EARLY])
    return new Play(world, { chain, consumers, time })
  }

  get #tip(): number {
    return this.#chain.blocks.length - 1
  }

  async perform(it: Script): Promise<void> {
    const { before, lost, down, catchingUp, lag, comparing, after } = it
    await this.#happen(before)
    await this.#watch(false)
    await this.world.backUp()
    await this.#happen(lost)
    await this.world.lose()
    for (const { move } of down) this.#move(move)
    for (const { books, hearsLate } of this.#consumers) if (!hearsLate) books.stopBooking()
    const to = await this.#recover(it)
    this.#lag(lag)
    await this.#happen(catchingUp)
    for (const { books } of this.#consumers) books.stopBooking()
    await this.#watch(true)
    const rest = [...comparing]
    for (const { books } of this.#consumers) {
      await books.compare(to, async (id) => {
        await this.#happen(rest.splice(0, 1))
        return this.world.ask(id)
      })
      books.bookAgain(this.world.lastNumber)
    }
    await this.#happen(after)
    await this.#tell()
    await this.#assertRowsAreTold()
    await this.#end()
    await this.#assertRowsAreTold()
  }

  /** By what an operator knows who asks everybody and has its metrics, but no database any more. */
  async #recover({ isBackedUp }: Script): Promise<RestoredTo> {
    if (isBackedUp) return this.world.restore()
    const unsure = this.#consumers.flatMap(({ books }) => [...books.rows.values()])
    const heights = unsure
      .filter(({ state }) => state === 'detected' || state === 'confirmed')
      .map(({ block }) => block.height)
    this.#firstHeight = Math.min(...heights, this.#finalWhenTold, this.#ancestor)
    return this.world.fillAnew(this.#firstHeight)
  }

  #ours(): Transfer[] {
    const transfers = this.#chain.blocks.flatMap((block) => block.transfers)
    return transfers.filter(({ to, amount }) => to !== STRANGER && amount >= UNIT)
  }

  assertBooksEqualChain(): void {
    const expected = new Map<string, bigint>()
    for (const { amount, txHash } of this.#ours()) expected.set(txHash, amount)
    for (const { books } of this.#consumers) {
      assert.deepEqual(sorted(books.balances), sorted(expected))
    }
  }

  /** Whoever waits for nothing has each deposit as settled has it. */
  async #assertRowsAreTold(): Promise<void> {
    for (const { books } of this.#consumers.filter((it) => !it.books.isWaiting)) {
      for (const row of books.rows.values()) {
        if (row.block.height < this.#firstHeight) continue
        const told = await this.world.ask(row.id)
        assert.deepEqual([row.state, row.version], [told?.state, told?.version])
      }
    }
  }

  async #happen(happenings: readonly Happening[]): Promise<void> {
    for (const { move, seenBy } of happenings) {
      this.#time.ms += PAUSE_MS
      if (move.kind === 'register') await this.world.register([LATE])
      if (move.kind === 'detour') await this.#detour(move.depth)
      this.#move(move)
      if (seenBy !== 'nobody') await this.#watch(seenBy === 'all')
    }
  }

  async #watch(isPulled: boolean): Promise<void> {
    await this.world.settle()
    for (const { books, pulls } of this.#consumers) {
      if (isPulled && pulls) await this.world.pull(books)
      await books.compareKept(this.world.ask)
    }
    if (isPulled && this.#chain.hidden === 0) await this.#noteTold()
  }

  async #noteTold(): Promise<void> {
    const { finalized } = await cursorOf(this.world)
    this.#finalWhenTold = finalized?.height ?? 0
    this.#ancestor = Infinity
  }

  #move(it: Move): void {
    if (it.kind === 'mine') {
      const fresh = it.units.map((units) => this.#pay(units))
      this.#chain.mine([...this.#pool.splice(0, it.again), ...fresh])
    } else if (it.kind === 'lag') {
      this.#lag(it.blocks)
    } else if (it.kind === 'finalize') {
      this.#finalized = Math.max(this.#finalized, this.#tip - it.behind)
      this.#chain.finalize(this.#finalized)
    } else if (it.kind === 'fork' || it.kind === 'break') {
      const wasFinal = this.#finalized
      if (it.kind === 'break') this.#breakWord(it.depth)
      const cut = this.#cut(it.depth)
      if (this.#tip < wasFinal) this.#ancestor = Math.min(this.#ancestor, this.#tip)
      this.#pool.push(...cut.flatMap((block) => block.transfers.map(toPayment)))
      for (let block = 0; block <= cut.length; block += 1)
        this.#chain.mine(block === 0 ? this.#pool.splice(0, it.again) : [])
    }
  }

  /** The first block is shown, or the chain would not begin. */
  #lag(blocks: number): void {
    this.#chain.hidden = Math.min(blocks, this.#tip - this.#firstHeight)
  }

  /** Another branch for a while, and back to the first one (A→B→A). */
  async #detour(wanted: number): Promise<void> {
    const cut = this.#cut(wanted)
    for (let block = 0; block <= cut.length; block += 1) this.#chain.mine([])
    await this.world.settle()
    this.#chain.cut(cut.length + 1)
    this.#chain.restore(cut)
    this.#chain.mine([])
  }

  #breakWord(depth: number): void {
    this.#finalized = Math.max(
      FIRST,
      this.#firstHeight,
      Math.min(this.#finalized, this.#tip - depth),
    )
    this.#chain.finalize(this.#finalized)
  }

  #cut(wanted: number) {
    return this.#chain.cut(Math.min(wanted, this.#tip - this.#finalized))
  }

  #pay(units: number): Payment {
    this.#payments += 1
    return {
      rail: RAIL.id,
      txHash: hashOf(`payment ${this.#payments}`),
      from: STRANGER,
      to: this.#payments % 4 === 0 ? LATE : EARLY,
      amount: BigInt(units) * UNIT + 1n,
    }
  }

  /** What stands is confirmed where its rule allows, and everybody who waits for nothing is told. */
  async #tell(): Promise<void> {
    this.#chain.hidden = 0
    this.#chain.mineEmpty(2)
    await this.#watch(true)
    for (let day = 0; day < TELLING_DAYS && (await this.world.isSending()); day += 1) {
      this.#time.ms += DAY_MS
      await this.#watch(true)
    }
  }

  /** Everything that stands becomes final. */
  async #end(): Promise<void> {
    await this.world.register([LATE], 0)
    this.#chain.finalize(this.#tip)
    await this.#tell()
    assert.ok(!(await this.world.isSending()))
    assert.ok(this.#consumers.every(({ books }) => !books.isWaiting))
  }
}

function toPayment({ rail, txHash, from, to, amount }: Transfer): Payment {
  return { rail, txHash, from, to, amount }
}

function sorted(balances: ReadonlyMap<string, bigint>): [string, bigint][] {
  return [...balances].toSorted(([a], [b]) => a.localeCompare(b))
}
