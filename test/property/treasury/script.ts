import type { BlockRef } from '../../../src/domain/block.ts'
import type { Address } from '../../../src/domain/chain.ts'
import type { Policy } from '../../../src/domain/policy.ts'
import type { NumberedTransfer, Transfer } from '../../../src/domain/transfer.ts'
import { systemClock, type Clock } from '../../../src/lib/clock.ts'
import { RAIL, type FlowWorld } from '../../support/flow-world.ts'
import { fc } from '../../support/properties.ts'
import { hashOf, ScriptedChain, type Payment } from '../../support/scripted-chain.ts'

const UNIT = 1_000_000n
const ALICE: Address = `0x${'a1'.repeat(20)}`
const LATE: Address = `0x${'0a'.repeat(20)}`
const STRANGER: Address = `0x${'0f'.repeat(20)}`

export type Op =
  | { readonly kind: 'mine'; readonly units: readonly number[]; readonly late: boolean }
  | {
      readonly kind: 'fork'
      readonly depth: number
      readonly keep: boolean
      readonly extra: number
    }
  /** A branch for a while, and back to the first one (A→B→A). */
  | { readonly kind: 'detour'; readonly depth: number }
  | { readonly kind: 'finalize'; readonly behind: number }
  | { readonly kind: 'vouch'; readonly providers: number }
  | { readonly kind: 'register' }
  | { readonly kind: 'run' }

const mine = fc.record({
  kind: fc.constant('mine' as const),
  units: fc.array(fc.constantFrom(0, 1, 50, 100, 101, 5_000), { maxLength: 3 }),
  late: fc.boolean(),
})
const fork = fc.record({
  kind: fc.constant('fork' as const),
  depth: fc.integer({ min: 1, max: 5 }),
  keep: fc.boolean(),
  extra: fc.nat({ max: 2 }),
})
const finalize = fc.record({
  kind: fc.constant('finalize' as const),
  behind: fc.integer({ min: 1, max: 6 }),
})
const detour = fc.record({
  kind: fc.constant('detour' as const),
  depth: fc.integer({ min: 1, max: 3 }),
})
const vouch = fc.record({ kind: fc.constant('vouch' as const), providers: fc.constantFrom(1, 2) })
const weighted: fc.WeightedArbitrary<Op>[] = [
  { weight: 6, arbitrary: mine },
  { weight: 2, arbitrary: fork },
  { weight: 2, arbitrary: finalize },
  { weight: 1, arbitrary: fc.constant({ kind: 'register' as const }) },
  { weight: 6, arbitrary: fc.constant({ kind: 'run' as const }) },
]
/** Everything there is. */
export const anything = fc.array(
  fc.oneof(...weighted, { weight: 1, arbitrary: detour }, { weight: 1, arbitrary: vouch }),
  { minLength: 8, maxLength: 40 },
)
/** Without what the records forget: a block that comes back, and whether a provider was asked. */
export const remembered = fc.array(fc.oneof(...weighted), { minLength: 8, maxLength: 40 })

const rules = fc.oneof(
  fc.integer({ min: 1, max: 6 }).map((confirmations) => ({ confirmations, finality: false })),
  fc.constant({ confirmations: null, finality: true }),
  fc.integer({ min: 1, max: 6 }).map((confirmations) => ({ confirmations, finality: true })),
)
export const policies = (providers: fc.Arbitrary<number>): fc.Arbitrary<Policy> =>
  fc.tuple(rules, rules, providers).map(([small, large, asked]) => ({
    minimumAmount: UNIT,
    bands: [
      { upTo: 100n * UNIT, rule: small, providers: 1 },
      { upTo: null, rule: large, providers: asked },
    ],
    onFinalityStall: 'hold',
  }))

export class VouchedChain extends ScriptedChain {
  providers = 1

  override async witnesses(block: BlockRef, numbered: NumberedTransfer): Promise<number> {
    return (await super.witnesses(block, numbered)) * this.providers
  }
}

/** Time passes whenever anybody looks at the clock: no two steps happen at the same time. */
export function steppingClock(stepMs: number): Clock {
  let ms = Date.UTC(2026, 5, 1)
  return { ...systemClock, now: () => new Date((ms += stepMs)) }
}

/** Lets a script happen to a chain and to who watches it, and the watcher see the end of it. */
export async function playScript(
  script: readonly Op[],
  { chain, world, register }: Stage,
): Promise<void> {
  await register(ALICE)
  const { follower, rescanner, witness } = world.watch
  const run = () => world.run(follower, rescanner, witness)
  const player = new Player(chain, run)
  for (const op of script) {
    if (op.kind === 'run') await run()
    else if (op.kind === 'register') await register(LATE, 0)
    else if (op.kind === 'vouch') chain.providers = op.providers
    else await player.apply(op)
  }
  chain.mine([])
  await run()
}

interface Stage {
  readonly chain: VouchedChain
  readonly world: FlowWorld
  readonly register: (address: Address, watchFrom?: number) => Promise<void>
}

class Player {
  readonly #chain: ScriptedChain
  readonly #run: () => Promise<unknown>
  #payments = 0
  #finalized = 0

  constructor(chain: ScriptedChain, run: () => Promise<unknown>) {
    this.#chain = chain
    this.#run = run
  }

  async apply(op: Extract<Op, { kind: 'mine' | 'fork' | 'detour' | 'finalize' }>): Promise<void> {
    if (op.kind === 'mine') {
      this.#chain.mine(op.units.map((units) => this.#pay(units, op.late ? LATE : ALICE)))
    } else if (op.kind === 'finalize') {
      this.#finalized = Math.max(this.#finalized, this.#tip - op.behind)
      this.#chain.finalize(this.#finalized)
    } else if (op.kind === 'fork') {
      this.#fork(Math.min(op.depth, this.#tip - this.#finalized), op.keep, op.extra)
    } else await this.#detour(Math.min(op.depth, this.#tip - this.#finalized))
  }

  get #tip(): number {
    return this.#chain.blocks.length - 1
  }

  #fork(depth: number, keep: boolean, extra: number): void {
    if (depth <= 0) return
    const cut = this.#chain.cut(depth)
    const again = keep ? cut.flatMap((block) => block.transfers.map(toPayment)) : []
    for (let block = 0; block < depth + extra; block += 1) {
      this.#chain.mine(block === 0 ? again : [])
    }
  }

  async #detour(depth: number): Promise<void> {
    const cut = this.#chain.cut(depth)
    for (let block = 0; block <= cut.length; block += 1) this.#chain.mine([])
    await this.#run()
    this.#chain.cut(cut.length + 1)
    this.#chain.restore(cut)
    this.#chain.mine([])
  }

  #pay(units: number, to: Address): Payment {
    this.#payments += 1
    const txHash = hashOf(`payment ${this.#payments}`)
    return { rail: RAIL.id, txHash, from: STRANGER, to, amount: BigInt(units) * UNIT + 1n }
  }
}

function toPayment({ rail, txHash, from, to, amount }: Transfer): Payment {
  return { rail, txHash, from, to, amount }
}
