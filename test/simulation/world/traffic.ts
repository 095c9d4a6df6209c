import type { Address, Family } from '../../../src/domain/chain.ts'
import type { Dice } from './dice.ts'
import type { LogShape, SimLog, SimTransaction } from './transaction.ts'

export interface TrafficOptions {
  /** The contracts that are watched. */
  readonly tokens: readonly Address[]
  /** Contracts that merely look like them. */
  readonly fakes: readonly Address[]
  /** Addresses that are, will be or might have been given out. */
  readonly customers: readonly Address[]
  readonly perBlock: number
  readonly family: Family
}

const KINDS = [
  ['payment', 50],
  ['batch', 10],
  ['twins', 6],
  ['fee_first', 8],
  ['fee_second', 8],
  ['strangers', 12],
  ['self', 3],
  ['zero', 3],
  ['dust', 4],
  ['huge', 3],
  ['fake_token', 8],
  ['odd_shape', 3],
  ['reverted', 6],
  ['sweep', 5],
] as const

/** On TRON anybody may call a native asset USDT. */
const TRON_KINDS = [...KINDS, ['trc10', 8]] as const

export type Kind = (typeof TRON_KINDS)[number][0]

const ODD_SHAPES: readonly LogShape[] = ['four_topics', 'dirty_padding', 'long_data']
const UNIT = 1_000_000n

/** Invents transactions: payments to customers, and everything that looks like one and is none. */
export class Traffic {
  readonly kinds = new Map<Kind, number>()
  readonly #dice: Dice
  readonly #options: TrafficOptions
  readonly #strangers: readonly Address[]

  constructor(dice: Dice, options: TrafficOptions) {
    this.#dice = dice
    this.#options = options
    this.#strangers = Array.from({ length: 6 }, () => dice.hex(20))
  }

  /** Some transactions for a block: often none, sometimes many. */
  block(): SimTransaction[] {
    const mean = this.#options.perBlock
    const count = this.#dice.chance(0.25) ? 0 : this.#dice.skewed(Math.ceil(mean * 4))
    return Array.from({ length: count }, () => this.transaction())
  }

  transaction(): SimTransaction {
    const kind = this.#kind()
    this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1)
    const hash = this.#dice.hex(32)
    const logs = this.#logs(kind)
    if (kind === 'reverted') return { hash, reverted: true, logs: [], attempted: logs }
    if (kind === 'trc10') return { hash, reverted: false, logs: [], attempted: logs, isTrc10: true }
    return { hash, reverted: false, logs }
  }

  /** Another transaction of the same sender: the amount or the recipient differs. */
  replace(transaction: SimTransaction): SimTransaction {
    return { ...this.otherFacts(transaction), hash: this.#dice.hex(32) }
  }

  /** The same transaction, executed on another state: it moves another amount. */
  otherFacts(transaction: SimTransaction): SimTransaction {
    const logs = transaction.logs.map((log) =>
      this.#dice.chance(0.5)
        ? { ...log, amount: this.#amount() }
        : { ...log, to: this.#dice.pick(this.#options.customers) },
    )
    return { ...transaction, logs }
  }

  #kind(): Kind {
    const kinds = this.#options.family === 'tron' ? TRON_KINDS : KINDS
    const total = kinds.reduce((sum, [, weight]) => sum + weight, 0)
    let left = this.#dice.fraction() * total
    for (const [kind, weight] of kinds) {
      left -= weight
      if (left < 0) return kind
    }
    return 'payment'
  }

  #logs(kind: Kind): SimLog[] {
    const { tokens, fakes, customers } = this.#options
    const dice = this.#dice
    const contract = dice.pick(tokens)
    const customer = dice.pick(customers)
    const stranger = dice.pick(this.#strangers)
    const pay = (fields: Partial<SimLog> = {}): SimLog => ({
      contract,
      from: stranger,
      to: customer,
      amount: this.#amount(),
      shape: 'transfer',
      ...fields,
    })
    switch (kind) {
      case 'payment':
        return [pay()]
      case 'batch':
        return Array.from({ length: dice.between(2, 5) }, () => pay({ to: dice.pick(customers) }))
      case 'twins': {
        const amount = this.#amount()
        return Array.from({ length: dice.between(2, 3) }, () => pay({ amount }))
      }
      case 'fee_first':
        return [pay({ to: dice.pick(this.#strangers), amount: UNIT }), pay()]
      case 'fee_second':
        return [pay(), pay({ to: dice.pick(this.#strangers), amount: UNIT })]
      case 'strangers':
        return [pay({ to: dice.pick(this.#strangers) })]
      case 'self':
        return [pay({ from: customer })]
      case 'zero':
        return [pay({ amount: 0n })]
      case 'dust':
        return [pay({ amount: BigInt(dice.between(1, 9_999)) })]
      case 'huge':
        // Far below what everybody has: see ENDOWMENT in balances.ts.
        return [pay({ amount: BigInt(dice.hex(26)) })]
      case 'fake_token':
        return [pay({ contract: dice.pick(fakes) })]
      case 'odd_shape':
        return [pay({ shape: dice.pick(ODD_SHAPES) })]
      case 'reverted':
      case 'trc10':
        // What it would have logged: amounts do not matter where nothing is moved.
        return [{ contract, from: stranger, to: customer, amount: UNIT, shape: 'transfer' }]
      case 'sweep':
        return [pay({ from: customer, to: stranger })]
    }
  }

  /** From a unit to a few hundred thousand: amounts of every band, few enough that some are equal. */
  #amount(): bigint {
    const size = this.#dice.pick([1, 10, 1_000, 100_000])
    return BigInt(this.#dice.between(1, 9) * size) * UNIT + BigInt(this.#dice.between(0, 3))
  }
}
