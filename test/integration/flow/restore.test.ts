import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Address } from '../../../src/domain/chain.ts'
import { Bookkeeper, type RestoredTo } from '../../support/bookkeeper.ts'
import { testDatabase } from '../../support/database.ts'
import { Restorable } from '../../support/restorable.ts'
import { ScriptedChain } from '../../support/scripted-chain.ts'
import { payment } from '../../support/switched-source.ts'

/** What docs/operations.md tells operators and docs/webhooks.md consumers to do when settled was restored, done. */

const ALICE: Address = `0x${'0a'.repeat(20)}`
const UNIT = 1_000_000n
const DAY_MS = 86_400_000

test('whoever follows the recipe has the books that the chain demands', async (t) => {
  const world = await World.begin(t)
  const { chain, daemon, pushed, pulling } = world
  await world.mine([10], [], [])
  chain.finalize(6)
  await world.mine([5_000], [30], [40, 50])
  world.assertBooks('10 final', '30 confirmed', '40 detected', '50 detected', '5000 detected')
  await daemon.backUp()

  // Of what the backup knows, 30 and 40 leave and 50 moves; of what it does not, 70 leaves and 80 moves twice.
  chain.cut(2)
  await world.mine([50], [60], [70, 80])
  chain.cut(1)
  await world.mine([80], [])
  chain.cut(2)
  await world.mine([80], [95], [90, 100], [])
  chain.finalize(9)
  await world.watch()
  const before = ['10 final', '30 reversed', '40 orphaned', '50 final', '60 final', '70 orphaned']
  const credited = ['80 confirmed', '90 confirmed', '95 confirmed', '100 confirmed', '5000 final']
  world.assertBooks(...before, ...credited)
  await daemon.lose()

  // While nobody looks, 90 leaves and 100 moves. One consumer hears at once, one goes on for a while.
  chain.cut(2)
  chain.mine([])
  chain.mine([payment(ALICE, 100n)])
  chain.hidden = 2
  pushed.stopBooking()
  const restored = await daemon.restore()
  await world.watch()
  pulling.stopBooking()
  await world.compare(restored)
  const compared = ['10 final', '30 reversed', '40 orphaned', '50 final', '60 final']
  world.assertBooks(...compared, '80 confirmed', '95 detected', '5000 final')

  chain.hidden = 0
  await world.mine([90], [])
  await world.allDelivered()
  const settled = ['80 confirmed', '90 confirmed', '95 confirmed', '100 confirmed', '5000 final']
  world.assertBooks(...compared, ...settled)
})

test('a deep reorg that a person accepted is accepted again, and then told', async (t) => {
  const world = await World.begin(t)
  const { chain, daemon } = world
  await world.mine([10], [20], [30], [])
  chain.finalize(7)
  await world.watch()
  world.assertBooks('10 final', '20 final', '30 final')
  await daemon.backUp()

  chain.cut(3)
  chain.finalize(4)
  await world.mine([], [30], [], [])
  world.assertBooks('10 final', '20 reversed', '30 confirmed')
  await daemon.lose()

  await world.recover(() => daemon.restore())
  world.assertBooks('10 final', '20 reversed', '30 confirmed')
  chain.finalize(8)
  await world.watch()
  await world.allDelivered()
  world.assertBooks('10 final', '20 reversed', '30 final')
})

test('a database that is filled anew knows nothing below its first block, and takes nothing back there', async (t) => {
  const world = await World.begin(t)
  const { chain, daemon } = world
  await world.mine([10], [])
  chain.finalize(5)
  await world.mine([40], [5_000], [20])
  chain.cut(3)
  await world.mine([], [5_000], [20], [])
  world.assertBooks('10 final', '20 confirmed', '40 reversed', '5000 detected')
  await daemon.lose()

  await world.recover(() => daemon.fillAnew(7))
  world.assertBooks('10 final', '20 confirmed', '5000 detected')

  await world.mine([40], [])
  await world.allDelivered()
  world.assertBooks('10 final', '20 confirmed', '40 confirmed', '5000 detected')
  chain.finalize(9)
  await world.watch()
  await world.allDelivered()
  world.assertBooks('10 final', '20 final', '40 confirmed', '5000 final')
})

test('a database that is filled anew from the common ancestor on knows what has come and left meanwhile', async (t) => {
  const world = await World.begin(t)
  const { chain, daemon } = world
  await world.mine([10], [20], [], [])
  chain.finalize(6)
  await world.watch()
  world.assertBooks('10 final', '20 final')
  await daemon.lose()

  // Nobody was told of 30, and nobody has anything that is not final.
  chain.cut(3)
  const ancestor = 4
  chain.finalize(ancestor)
  for (const payments of [[payment(ALICE, 30n)], [], []]) chain.mine(payments)
  await world.recover(() => daemon.fillAnew(ancestor))
  world.assertBooks('10 final')
  await world.allDelivered()
  await world.watch()
  world.assertBooks('10 final', '30 confirmed')
})

for (const way of ['restored', 'filled anew'] as const) {
  test(`a credit outlives a raised minimum where the database is ${way}`, async (t) => {
    const world = await World.begin(t)
    const { chain, daemon } = world
    await world.mine([], [], [])
    await daemon.backUp()
    await world.mine([10], [])
    chain.finalize(7)
    await world.watch()
    await daemon.setMinimum(20n * UNIT)
    await world.mine([15], [])
    world.assertBooks('10 final')
    await daemon.lose()

    await world.recover(() => (way === 'restored' ? daemon.restore() : daemon.fillAnew(7)))
    world.assertBooks('10 final')

    // What was dust has become a deposit under the lower minimum.
    await world.allDelivered()
    await daemon.setMinimum(20n * UNIT)
    await world.mine([16], [])
    await world.allDelivered()
    world.assertBooks('10 final', '15 confirmed')
  })
}

test('a credit that was kept is taken back when its payment leaves after all', async (t) => {
  const world = await World.begin(t, { keepsCredits: true })
  const { chain, daemon, pushed } = world
  await world.mine([10], [], [])
  await daemon.backUp()
  await world.mine([20], [])
  world.assertBooks('10 confirmed', '20 confirmed')
  await daemon.lose()

  chain.hidden = 1
  await world.recover(() => daemon.restore())
  assert.deepEqual([...pushed.balances.values()], [10n * UNIT, 20n * UNIT])

  chain.hidden = 0
  chain.cut(2)
  await world.mine([], [], [])
  await world.allDelivered()
  world.assertBooks('10 confirmed', '20 orphaned')
})

class World {
  readonly chain: ScriptedChain
  readonly daemon: Restorable
  /** One takes webhooks, one reads the feed. */
  readonly pushed: Bookkeeper
  readonly pulling: Bookkeeper
  readonly #time: { ms: number }

  private constructor(
    chain: ScriptedChain,
    daemon: Restorable,
    time: { ms: number },
    books: Books,
  ) {
    this.chain = chain
    this.daemon = daemon
    this.#time = time
    this.pushed = books.pushed
    this.pulling = books.pulling
  }

  /** Blocks 0 to 3, and an address since then. */
  static async begin(t: TestContext, { keepsCredits } = { keepsCredits: false }): Promise<World> {
    const { url } = await testDatabase(t)
    const time = { ms: Date.UTC(2026, 5, 1) }
    const now = () => new Date(time.ms)
    const habits = { now, comparesAll: false, forgetsAll: false, keepsCredits: false }
    const books = {
      pushed: new Bookkeeper({ ...habits, keepsCredits }),
      pulling: new Bookkeeper(habits),
    }
    const endpoints = new Map([['https://books.example', books.pushed]])
    const chain = ScriptedChain.of(3)
    const daemon = await Restorable.open(url, { chain, endpoints, now })
    t.after(() => daemon.close())
    await daemon.settle()
    await daemon.register([ALICE])
    return new World(chain, daemon, time, books)
  }

  get books(): readonly Bookkeeper[] {
    return [this.pushed, this.pulling]
  }

  /** A block for each list of payments, and what comes of it, a day later. */
  async mine(...blocks: readonly (readonly number[])[]): Promise<void> {
    for (const units of blocks) this.chain.mine(units.map((count) => payment(ALICE, BigInt(count))))
    await this.watch()
  }

  async watch(): Promise<void> {
    this.#time.ms += DAY_MS
    await this.daemon.settle()
    await this.daemon.pull(this.pulling)
    await this.pushed.compareKept(this.daemon.ask)
  }

  /** Everybody hears of it at once, and takes the steps for consumers. */
  async recover(restore: () => Promise<RestoredTo>): Promise<void> {
    for (const books of this.books) books.stopBooking()
    const to = await restore()
    await this.watch()
    await this.compare(to)
  }

  async compare(to: RestoredTo): Promise<void> {
    for (const books of this.books) {
      await books.compare(to, this.daemon.ask)
      books.bookAgain(this.daemon.lastNumber)
    }
  }

  /** The breaker lets one probe through at a time. */
  async allDelivered(): Promise<void> {
    while (await this.daemon.isSending()) await this.watch()
  }

  /** Each as `units state`, ordered by units; and what is credited is what is confirmed or final. */
  assertBooks(...expected: readonly string[]): void {
    for (const { rows, balances } of this.books) {
      const told = [...rows.values()].map(({ amount, state }) => ({
        amount: BigInt(amount),
        state,
      }))
      const ordered = told.toSorted((a, b) => Number(a.amount - b.amount))
      assert.deepEqual(
        ordered.map(({ amount, state }) => `${amount / UNIT} ${state}`),
        expected,
      )
      const credited = ordered.filter(({ state }) => state === 'confirmed' || state === 'final')
      assert.deepEqual(
        [...balances.values()].toSorted((a, b) => Number(a - b)),
        credited.map(({ amount }) => amount),
      )
    }
  }
}

interface Books {
  readonly pushed: Bookkeeper
  readonly pulling: Bookkeeper
}
