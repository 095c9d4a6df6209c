import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Block } from '../../../src/domain/block.ts'
import type { Address } from '../../../src/domain/chain.ts'
import type { Transfer } from '../../../src/domain/transfer.ts'
import { toHex } from '../../../src/lib/hex.ts'
import type { Db } from '../../../src/store/database.ts'
import { testDatabase } from '../../support/database.ts'
import { flowWorldOn, RAIL } from '../../support/flow-world.ts'
import { fc } from '../../support/properties.ts'
import { hashOf, ScriptedChain, type Payment } from '../../support/scripted-chain.ts'

const REGISTERED: Address[] = [1, 2, 3].map((n) => `0x${`0${n}`.repeat(20)}` as Address)
const LATE: Address = `0x${'0a'.repeat(20)}`
const STRANGER: Address = `0x${'0f'.repeat(20)}`
const RECIPIENTS = [...REGISTERED, LATE, STRANGER]
const UNIT = 1_000_000n

/** Two confirmations for small amounts, finality for large ones. */
const POLICY = {
  minimumAmount: UNIT,
  bands: [
    { upTo: 100n * UNIT, rule: { confirmations: 2, finality: false }, providers: 1 },
    { upTo: null, rule: { confirmations: null, finality: true }, providers: 1 },
  ],
  onFinalityStall: 'hold' as const,
}

interface Spec {
  readonly recipient: number
  readonly units: number
  readonly twice: boolean
}

type Op =
  | { readonly kind: 'mine'; readonly payments: readonly Spec[] }
  /** Another branch, in which some of the cut transactions are mined again, in other blocks. */
  | {
      readonly kind: 'fork'
      readonly depth: number
      readonly keep: boolean
      readonly extra: number
    }
  /** A branch for a while, and back to the first one (A→B→A). */
  | { readonly kind: 'detour'; readonly depth: number }
  | { readonly kind: 'lag'; readonly blocks: number }
  | { readonly kind: 'finalize'; readonly behind: number }
  | { readonly kind: 'register' }
  | { readonly kind: 'crash' }
  | { readonly kind: 'run' }

const specs = fc.record({
  recipient: fc.nat({ max: RECIPIENTS.length - 1 }),
  units: fc.constantFrom(0, 1, 50, 100, 101, 5_000),
  twice: fc.boolean(),
})
const ops: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('mine' as const),
      payments: fc.array(specs, { maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fork' as const),
      depth: fc.integer({ min: 1, max: 5 }),
      keep: fc.boolean(),
      extra: fc.nat({ max: 2 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('detour' as const),
      depth: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('lag' as const),
      blocks: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('finalize' as const),
      behind: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'register' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
  { weight: 5, arbitrary: fc.constant({ kind: 'run' as const }) },
)

test('whatever the chain does, deposits end as its canonical branch says', async (t) => {
  const database = await testDatabase(t)
  await fc.assert(
    fc.asyncProperty(fc.array(ops, { minLength: 5, maxLength: 40 }), async (script) => {
      const chain = new ScriptedChain()
      const world = await flowWorldOn(database, chain, { policy: POLICY })
      let { watch } = world
      await world.register(REGISTERED)
      const run = () => world.run(watch.follower, watch.rescanner)
      const play = new Play(chain)
      for (const op of script) {
        if (op.kind === 'run') await run()
        else if (op.kind === 'register') await world.register([LATE], 0)
        else if (op.kind === 'detour') await play.detour(op.depth, run)
        else if (op.kind === 'crash') {
          await watch.keeper.release()
          watch = world.another(`daemon ${play.payments}`)
          await watch.keeper.tick()
        } else await play.apply(op, run)
      }
      await world.register([LATE], 0)
      chain.mine([])
      await run()
      await assertMatchesChain(world.db, chain, play.finalized)
      await assertLivesAreWhole(world.db)
    }),
    { numRuns: 100 },
  )
})

class Play {
  readonly #chain: ScriptedChain
  payments = 0
  finalized: number | null = null

  constructor(chain: ScriptedChain) {
    this.#chain = chain
  }

  async apply(
    op: Extract<Op, { kind: 'mine' | 'fork' | 'lag' | 'finalize' }>,
    run: () => Promise<unknown>,
  ): Promise<void> {
    const height = this.#chain.blocks.length - 1
    if (op.kind === 'mine') this.#chain.mine(op.payments.flatMap((spec) => this.#pay(spec)))
    else if (op.kind === 'lag') await this.#lag(op.blocks, run)
    else if (op.kind === 'finalize') {
      // A chain that keeps its word: never past what we could have seen, never back.
      this.finalized = Math.max(this.finalized ?? 0, height - op.behind)
      this.#chain.finalize(this.finalized)
    } else this.#fork(this.#depth(op.depth), op.keep, op.extra)
  }

  /** P5: a head that goes back on the same branch changes nothing at all. */
  async #lag(blocks: number, run: () => Promise<unknown>): Promise<void> {
    this.#chain.hidden = 0
    await run()
    this.#chain.hidden = Math.min(blocks, this.#chain.blocks.length - 1)
    if (this.#chain.hidden === 0) return
    assert.deepEqual(await run(), ['head_lags', 'nothing_new'])
    this.#chain.hidden = 0
  }

  async detour(depth: number, run: () => Promise<unknown>): Promise<void> {
    const cut = this.#chain.cut(this.#depth(depth))
    for (let block = 0; block <= cut.length; block += 1) this.#chain.mine([])
    await run()
    this.#chain.cut(cut.length + 1)
    this.#chain.restore(cut)
    this.#chain.mine([])
  }

  #depth(wanted: number): number {
    return Math.min(wanted, this.#chain.blocks.length - 1 - (this.finalized ?? 0))
  }

  #fork(depth: number, keep: boolean, extra: number): void {
    if (depth <= 0) return
    const cut: readonly Block[] = this.#chain.cut(depth)
    const again = keep ? cut.flatMap((block) => block.transfers.map(toPayment)) : []
    // All of them in the first block of the new branch: other blocks and other log indexes than before.
    for (let block = 0; block < depth + extra; block += 1)
      this.#chain.mine(block === 0 ? again : [])
  }

  #pay({ recipient, units, twice }: Spec): Payment[] {
    this.payments += 1
    const payment: Payment = {
      rail: RAIL.id,
      txHash: hashOf(`payment ${this.payments}`),
      from: STRANGER,
      to: RECIPIENTS[recipient] ?? STRANGER,
      amount: BigInt(units) * UNIT + 1n,
    }
    return twice ? [payment, payment] : [payment]
  }
}

function toPayment({ rail, txHash, from, to, amount }: Transfer): Payment {
  return { rail, txHash, from, to, amount }
}

/** The oracle: canonical transfers to our addresses, counted by what makes them equal, with the state due to them. */
async function assertMatchesChain(
  db: Db,
  chain: ScriptedChain,
  finalized: number | null,
): Promise<void> {
  const tip = chain.blocks.length - 1
  const ours = new Set([...REGISTERED, LATE])
  const expected = chain.blocks
    .flatMap((block) => block.transfers)
    .filter(({ to, amount }) => ours.has(to) && amount >= UNIT)
    .map(({ txHash, amount, height, blockHash }) => {
      const isFinal = finalized !== null && height <= finalized
      const isConfirmed = amount <= 100n * UNIT ? tip - height + 1 >= 2 : isFinal
      const state = isConfirmed ? (isFinal ? 'final' : 'confirmed') : 'detected'
      return `${txHash} ${amount} ${height} ${blockHash} ${state}`
    })
  const rows = await db.selectFrom('deposit').selectAll().execute()
  const actual = rows
    .filter(({ state }) => ['detected', 'confirmed', 'final'].includes(state))
    .map(
      (row) =>
        `${toHex(row.tx_hash)} ${row.amount} ${row.height} ${toHex(row.block_hash)} ${row.state}`,
    )
  assert.deepEqual(actual.toSorted(), expected.toSorted())
}

/** Every life is a chain of versions without a gap, ends with the deposit's state, and is final once at most. */
async function assertLivesAreWhole(db: Db): Promise<void> {
  const events = await db
    .selectFrom('event')
    .selectAll()
    .orderBy('deposit_id')
    .orderBy('version')
    .execute()
  const deposits = await db.selectFrom('deposit').selectAll().execute()
  for (const deposit of deposits) {
    const life = events.filter((event) => event.deposit_id === deposit.id)
    assert.deepEqual(
      life.map(({ version }) => version),
      life.map((_, index) => index + 1),
    )
    assert.equal(life.at(-1)?.type, `deposit.${deposit.state}`)
    assert.ok(life.filter(({ type }) => type === 'deposit.final').length <= 1)
  }
  assert.equal(new Set(events.map(({ id }) => id)).size, events.length)
}
