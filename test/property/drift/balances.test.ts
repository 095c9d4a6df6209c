import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BlockHeader } from '../../../src/domain/block.ts'
import type { Address } from '../../../src/domain/chain.ts'
import type { Transfer } from '../../../src/domain/transfer.ts'
import { movementsOf } from '../../../src/drift/balance-movements.ts'
import { nameOf } from '../../../src/drift/balance-sample.ts'
import { closeWindow, hear, openWindow, type Window } from '../../../src/drift/balance-window.ts'
import { required } from '../../../src/lib/assert.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { fc } from '../../support/properties.ts'

const RAIL = 'anvil/usdt'
const ADDRESSES = ['a1', 'b0', 'ca', 'd0'].map((byte): Address => `0x${byte.repeat(20)}`)
/** The last one is a stranger, who has no window. */
const WATCHED = ADDRESSES.slice(0, 3)
const NOW = new Date(0)
/** Enough for everybody to pay everything that is drawn. */
const WEALTH = 10n ** 12n

interface Pay {
  readonly from: number
  readonly to: number
  readonly amount: number
}

type Op =
  /** Some blocks, each with what is paid in it. */
  | { readonly kind: 'mine'; readonly blocks: readonly (readonly Pay[])[] }
  /** Balances are asked for, and then `blocks` at most are heard at a time until there are no more, or not all. */
  | {
      readonly kind: 'round'
      readonly blocks: number
      readonly stretches: number
      readonly drift: number
    }
  /** A rescan: blocks are to be heard again. */
  | { readonly kind: 'back'; readonly blocks: number }
  /** A reorg past finality that a person accepts: blocks are replaced, and of these all, some or none heard again. */
  | {
      readonly kind: 'fork'
      readonly blocks: readonly (readonly Pay[])[]
      readonly depth: number
      readonly again: number
    }

const pay = fc.record({
  from: fc.nat(ADDRESSES.length - 1),
  to: fc.nat(ADDRESSES.length - 1),
  amount: fc.integer({ min: 1, max: 1_000_000 }),
})
const blocks = fc.array(fc.array(pay, { maxLength: 3 }), { minLength: 1, maxLength: 12 })
const mine = fc.record({ kind: fc.constant('mine' as const), blocks })
const round = fc.record({
  kind: fc.constant('round' as const),
  blocks: fc.integer({ min: 1, max: 9 }),
  stretches: fc.integer({ min: 1, max: 6 }),
  drift: fc.integer({ min: -4, max: 4 }),
})
const back = fc.record({
  kind: fc.constant('back' as const),
  blocks: fc.integer({ min: 1, max: 30 }),
})
const fork = fc.record({
  kind: fc.constant('fork' as const),
  blocks,
  depth: fc.integer({ min: 1, max: 15 }),
  again: fc.nat(40),
})
const steady = fc.array(fc.oneof(mine, mine, round, round, back), { minLength: 8, maxLength: 40 })
const forking = fc.array(fc.oneof(mine, round, round, back, fork), { minLength: 8, maxLength: 40 })

interface MadeBlock extends BlockHeader {
  readonly transfers: readonly Transfer[]
}

/** A node that was left behind answers one round's questions about balances. */
interface Lag {
  readonly round: number
  readonly blocks: number
}

interface Lies {
  /** The transaction that the logs leave out. */
  readonly hidden?: string
  readonly lag?: Lag
}

/** A chain that knows who holds what, and a provider's account of it that is heard as the auditor hears it. */
class Model {
  readonly unexplained = new Map<Address, bigint>()
  verdicts = 0
  readonly #spread: number
  readonly #lies: Lies
  #chain: MadeBlock[] = []
  #made = 0
  #rounds = 0
  #windows = new Map<string, Window>()
  #next = 0

  constructor(spread: number, lies: Lies = {}) {
    this.#spread = spread
    this.#lies = lies
    this.mine(Array.from({ length: 3 * spread + 3 }, () => []))
  }

  mine(made: readonly (readonly Pay[])[]): void {
    for (const pays of made) {
      const height = this.#chain.length
      this.#made += 1
      const hash = hashOf(`block ${this.#made}`)
      const parentHash = this.#chain.at(-1)?.hash ?? hashOf('nothing')
      const transfers = pays.map(({ from, to, amount }, logIndex): Transfer => ({
        rail: RAIL,
        height,
        blockHash: hash,
        blockTimeMs: 0,
        txHash: hashOf(`pay ${height} ${logIndex}`),
        logIndex,
        from: required(ADDRESSES[from], 'drawn'),
        to: required(ADDRESSES[to], 'drawn'),
        amount: BigInt(amount),
      }))
      this.#chain.push({ height, hash, parentHash, time: NOW, transfers })
    }
  }

  fork({ depth, blocks: made, again }: Extract<Op, { kind: 'fork' }>): void {
    this.#chain = this.#chain.slice(0, Math.max(1, this.#chain.length - depth))
    this.mine(made)
    this.#next = Math.min(this.#next, Math.max(0, this.#chain.length - again))
  }

  back(count: number): void {
    this.#next = Math.max(0, this.#next - count)
  }

  /** What the state of a block says, whatever the logs do. */
  #balanceAt(address: Address, height: number): bigint {
    let balance = WEALTH
    for (const { from, to, amount } of this.#chain
      .slice(0, height + 1)
      .flatMap((one) => one.transfers)) {
      if (from === address) balance -= amount
      if (to === address) balance += amount
    }
    return balance
  }

  /** As `BalanceChecks.ask`. The state may be that of a block nearby. */
  ask(drift: number): void {
    const tip = required(this.#chain.at(-1), 'there is a block')
    const told = Math.max(0, tip.height - this.#spread)
    const block = required(this.#chain[told], 'below the tip')
    const bounded = Math.max(-this.#spread, Math.min(this.#spread, drift))
    const { lag } = this.#lies
    const behind = lag?.round === this.#rounds ? lag.blocks : 0
    this.#rounds += 1
    for (const address of WATCHED) {
      const holder = { rail: RAIL, address }
      const balance = this.#balanceAt(address, Math.max(0, told + bounded - behind))
      const window = this.#windows.get(nameOf(holder))
      const changed =
        window === undefined
          ? openWindow({
              holder,
              balances: { block, spread: this.#spread },
              balance,
              next: this.#next,
              now: NOW,
            })
          : window.to === null
            ? closeWindow(window, { block, balance })
            : null
      if (changed !== null) this.#windows.set(nameOf(holder), changed)
    }
  }

  /** As the auditor does with each stretch. */
  hear(count: number): void {
    const [first, ...rest] = this.#chain.slice(this.#next, this.#next + count)
    if (first === undefined) return
    const made = [first, ...rest]
    this.#next += made.length
    const shown = made
      .flatMap((one) => one.transfers)
      .filter((one) => one.txHash !== this.#lies.hidden)
    const windows = [...this.#windows.values()]
    const movements = movementsOf(windows, { transfers: shown, notices: [] })
    for (const window of windows) {
      const name = nameOf(window.holder)
      const moved = required(movements.get(name), 'each has its movements')
      const heard = hear(window, { headers: [first, ...rest] }, moved)
      if (heard.window === null) this.#windows.delete(name)
      else this.#windows.set(name, heard.window)
      for (const { unexplained } of heard.verdicts) {
        const { address } = window.holder
        this.verdicts += 1
        this.unexplained.set(address, (this.unexplained.get(address) ?? 0n) + unexplained)
        if (this.#lies.hidden === undefined) assert.equal(unexplained, 0n, 'nothing was left out')
      }
    }
  }

  /** Quiet blocks, until whatever is open has been closed and judged. */
  settle(): void {
    for (let time = 0; time < 4; time += 1) {
      this.mine(Array.from({ length: 4 * this.#spread + 3 }, () => []))
      this.ask(0)
      this.hear(this.#chain.length)
    }
  }

  get payments(): readonly Transfer[] {
    return this.#chain.flatMap(({ transfers }) => transfers)
  }
}

function hashOf(text: string): Hex {
  return `0x${Buffer.from(text).toString('hex').padStart(64, '0')}`
}

function play(model: Model, ops: readonly Op[]): void {
  for (const op of ops) {
    if (op.kind === 'mine') model.mine(op.blocks)
    else if (op.kind === 'back') model.back(op.blocks)
    else if (op.kind === 'fork') model.fork(op)
    else {
      model.ask(op.drift)
      for (let count = 0; count < op.stretches; count += 1) model.hear(op.blocks)
    }
  }
  model.settle()
}

const spreads = fc.constantFrom(0, 0, 3)

test('what logs show whole is never found, however often and in whatever pieces it is heard', () => {
  let verdicts = 0
  fc.assert(
    fc.property(spreads, steady, (spread, ops) => {
      const model = new Model(spread)
      model.ask(0)
      play(model, ops)
      verdicts += model.verdicts
    }),
    { numRuns: 300 },
  )
  assert.ok(verdicts > 1_000, `${verdicts} balances were held against their logs`)
})

test('nor when blocks are replaced that balances were told for, or that were heard', () => {
  let verdicts = 0
  fc.assert(
    fc.property(forking, (ops) => {
      const model = new Model(0)
      model.ask(0)
      play(model, ops)
      verdicts += model.verdicts
    }),
    { numRuns: 300 },
  )
  assert.ok(verdicts > 1_000, `${verdicts} balances were held against their logs`)
})

test('nor when a node that was left behind tells the balances of any one round, the first of a window too', () => {
  let verdicts = 0
  const lags = fc.record({ round: fc.nat(8), blocks: fc.integer({ min: 1, max: 60 }) })
  fc.assert(
    fc.property(steady, lags, (ops, lag) => {
      const model = new Model(3, { lag })
      play(model, ops)
      verdicts += model.verdicts
    }),
    { numRuns: 1_000 },
  )
  assert.ok(verdicts > 1_000, `${verdicts} balances were held against their logs`)
})

test('one transfer that is left out is found to the unit, at those whom it moved and nobody else', () => {
  // Once every address was judged: with a spread its first balance is believed only then.
  let found = 0
  fc.assert(
    fc.property(spreads, steady, fc.nat(), (spread, ops, which) => {
      const honest = new Model(spread)
      honest.settle()
      play(honest, ops)
      const { payments } = honest
      const hidden = payments[which % Math.max(1, payments.length)]
      if (hidden === undefined) return
      const model = new Model(spread, { hidden: hidden.txHash })
      model.settle()
      play(model, ops)
      for (const address of WATCHED) {
        const out: bigint = hidden.from === address ? -hidden.amount : 0n
        const into: bigint = hidden.to === address ? hidden.amount : 0n
        assert.equal(model.unexplained.get(address) ?? 0n, out + into, address)
        if (out + into !== 0n) found += 1
      }
    }),
    { numRuns: 300 },
  )
  assert.ok(found > 200, `${found} omissions were found`)
})
