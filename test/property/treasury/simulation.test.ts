import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { savePolicy } from '../../../src/confirmation/policy-store.ts'
import type { BlockRef } from '../../../src/domain/block.ts'
import type { Address } from '../../../src/domain/chain.ts'
import type { Policy } from '../../../src/domain/policy.ts'
import type { NumberedTransfer, Transfer } from '../../../src/domain/transfer.ts'
import { resolvePolicy } from '../../../src/confirmation/policy.ts'
import { createEnvironment, enableRail } from '../../../src/environment/environment-store.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { registerAddresses } from '../../../src/match/address-store.ts'
import type { Db } from '../../../src/store/database.ts'
import type { DepositHistory } from '../../../src/treasury/history.ts'
import { readRecords, type Records } from '../../../src/treasury/history-store.ts'
import { replay } from '../../../src/treasury/replay.ts'
import { recordOf } from '../../../src/treasury/signs.ts'
import { simulate } from '../../../src/treasury/simulation.ts'
import { testDatabase } from '../../support/database.ts'
import { ANVIL, ENVIRONMENT, flowWorldOn, RAIL } from '../../support/flow-world.ts'
import { hashOf, ScriptedChain, type Payment } from '../../support/scripted-chain.ts'

const UNIT = 1_000_000n
const ALICE: Address = `0x${'a1'.repeat(20)}`
const LATE: Address = `0x${'0a'.repeat(20)}`
const STRANGER: Address = `0x${'0f'.repeat(20)}`
/** Watches the same addresses under another policy, on the same chain, at the same time. */
const OTHER = 'other-test'

type Op =
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
const anything = fc.array(
  fc.oneof(...weighted, { weight: 1, arbitrary: detour }, { weight: 1, arbitrary: vouch }),
  { minLength: 8, maxLength: 40 },
)
/** Without what the records forget: a block that comes back, and whether a provider was asked. */
const remembered = fc.array(fc.oneof(...weighted), { minLength: 8, maxLength: 40 })

const rules = fc.oneof(
  fc.integer({ min: 1, max: 6 }).map((confirmations) => ({ confirmations, finality: false })),
  fc.constant({ confirmations: null, finality: true }),
  fc.integer({ min: 1, max: 6 }).map((confirmations) => ({ confirmations, finality: true })),
)
const policies = (providers: fc.Arbitrary<number>): fc.Arbitrary<Policy> =>
  fc.tuple(rules, rules, providers).map(([small, large, asked]) => ({
    minimumAmount: UNIT,
    bands: [
      { upTo: 100n * UNIT, rule: small, providers: 1 },
      { upTo: null, rule: large, providers: asked },
    ],
    onFinalityStall: 'hold',
  }))

test('the rules in force, replayed, give exactly what was recorded, with and without old blocks', async (t) => {
  const database = await testDatabase(t)
  const seen = new Set<string>()
  await fc.assert(
    fc.asyncProperty(
      anything,
      policies(fc.constantFrom(1, 2)),
      fc.nat(30),
      async (script, policy, floor) => {
        const db = await play(database, script, { policy, other: null })
        const whole = await recordsOf(db, ENVIRONMENT)
        for (const { entries } of whole.histories) for (const { type } of entries) seen.add(type)
        assertReproduced(whole, policy)
        await db.deleteFrom('block').where('height', '<', floor).execute()
        assertReproduced(await recordsOf(db, ENVIRONMENT), policy)
      },
    ),
    { numRuns: 40 },
  )
  const all = ['confirmed', 'detected', 'final', 'orphaned', 'reversed']
  assert.deepEqual(
    [...seen].toSorted(),
    all.map((state) => `deposit.${state}`),
  )
})

test("simulating another environment's policy gives what that environment recorded", async (t) => {
  const database = await testDatabase(t)
  let compared = 0
  const one = policies(fc.constant(1))
  await fc.assert(
    fc.asyncProperty(remembered, one, one, async (script, policy, other) => {
      const db = await play(database, script, { policy, other })
      const { histories, memory } = await recordsOf(db, ENVIRONMENT)
      const record = recordOf(histories, memory, ANVIL.chain)
      const actual = new Map(
        (await recordsOf(db, OTHER)).histories.map((real) => [keyOf(real), real]),
      )
      assert.equal(histories.length, actual.size)
      for (const history of histories) {
        const rule = resolvePolicy({ version: 1, policy: other }, history.deposit.amount)
        const verdicts = replay(history, rule, record)
        const real = actual.get(keyOf(history))?.entries ?? []
        assert.deepEqual(verdicts.map(wordOf), real.map(wordOf))
        for (const [index, { atMs, basis }] of verdicts.entries()) {
          const realMs = real[index]?.atMs ?? 0
          // Of finality the records may know only the latest moment it can have come.
          if (basis === 'recorded') assert.equal(atMs, realMs)
          else assert.ok(atMs >= realMs)
          compared += 1
        }
      }
    }),
    { numRuns: 40 },
  )
  // Every run of the generator makes several times as many.
  assert.ok(compared > 100, `${compared} verdicts were compared`)
})

function assertReproduced({ histories, memory }: Records, policy: Policy): void {
  const record = recordOf(histories, memory, ANVIL.chain)
  const readMs = memory.standing?.readMs ?? 0
  const { unexplained, total } = simulate({ histories, record, candidate: policy, readMs })
  assert.deepEqual(unexplained, [])
  assert.deepEqual(total.candidate, total.inForce)
}

const keyOf = ({ deposit }: DepositHistory) =>
  `${deposit.txHash} ${deposit.amount} ${deposit.ordinal}`
const wordOf = ({ type, blockHash }: { type: string; blockHash: string }) => `${type} ${blockHash}`

function recordsOf(db: Db, environment: string): Promise<Records> {
  const window = { from: new Date(0), to: new Date('2100-01-01'), now: new Date('2099-01-01') }
  return readRecords(db, { environment, rail: RAIL.id, chainId: ANVIL.chain.id, ...window })
}

class VouchedChain extends ScriptedChain {
  providers = 1

  override async witnesses(block: BlockRef, numbered: NumberedTransfer): Promise<number> {
    return (await super.witnesses(block, numbered)) * this.providers
  }
}

/** A second passes whenever anybody looks at the clock: no two steps happen at the same time. */
function steppingClock() {
  let ms = Date.UTC(2026, 5, 1)
  return { ...systemClock, now: () => new Date((ms += 1_000)) }
}

async function play(
  database: Awaited<ReturnType<typeof testDatabase>>,
  script: readonly Op[],
  { policy, other }: { readonly policy: Policy; readonly other: Policy | null },
): Promise<Db> {
  const chain = new VouchedChain()
  const world = await flowWorldOn(database, chain, { policy, clock: steppingClock() })
  if (other !== null) await prepareOther(world.db, other)
  const register = async (address: Address, watchFrom?: number): Promise<void> => {
    await world.register([address], watchFrom)
    if (other !== null) await registerOther(world.db, address, watchFrom)
  }
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
  return world.db
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

async function prepareOther(db: Db, policy: Policy): Promise<void> {
  const now = new Date()
  await db.transaction().execute(async (tx) => {
    await createEnvironment(tx, { id: OTHER, kind: 'test', now })
    await enableRail(tx, { environment: OTHER, rail: RAIL.id, now })
    const words = { author: 'test', reason: 'test' }
    await savePolicy(tx, { environment: OTHER, rail: RAIL, policy, ...words, now })
  })
}

async function registerOther(db: Db, address: Address, watchFrom?: number): Promise<void> {
  const entry = {
    rail: RAIL.id,
    address,
    owner: 'them',
    ...(watchFrom !== undefined && { watchFrom }),
  }
  const batch = { environment: OTHER, chainId: ANVIL.chain.id, now: new Date(), entries: [entry] }
  await db.transaction().execute((tx) => registerAddresses(tx, batch))
}
