import assert from 'node:assert/strict'
import { test } from 'node:test'
import { savePolicy } from '../../../src/confirmation/policy-store.ts'
import type { Address } from '../../../src/domain/chain.ts'
import type { Policy } from '../../../src/domain/policy.ts'
import { resolvePolicy } from '../../../src/confirmation/policy.ts'
import { createEnvironment, enableRail } from '../../../src/environment/environment-store.ts'
import { registerAddresses } from '../../../src/match/address-store.ts'
import { atOneMoment, type Db } from '../../../src/store/database.ts'
import type { DepositHistory } from '../../../src/treasury/history.ts'
import { readRecords, type Records } from '../../../src/treasury/history-store.ts'
import { replay } from '../../../src/treasury/replay.ts'
import { recordOf } from '../../../src/treasury/signs.ts'
import { simulate } from '../../../src/treasury/simulation.ts'
import { testDatabase } from '../../support/database.ts'
import { ANVIL, ENVIRONMENT, flowWorldOn, RAIL } from '../../support/flow-world.ts'
import { fc } from '../../support/properties.ts'
import {
  anything,
  playScript,
  policies,
  remembered,
  steppingClock,
  VouchedChain,
  type Op,
} from './script.ts'

/** Watches the same addresses under another policy, on the same chain, at the same time. */
const OTHER = 'other-test'

const MINE: Op = { kind: 'mine', units: [], late: false }
const RUN: Op = { kind: 'run' }
const REGISTER: Op = { kind: 'register' }
const FINALIZE: Op = { kind: 'finalize', behind: 1 }
const fork = (depth: number): Op => ({ kind: 'fork', depth, keep: false, extra: 0 })
const confirmedAt = (confirmations: number) => ({
  rule: { confirmations, finality: true },
  providers: 1,
})
const FINAL_AND_DEEP: Policy = {
  minimumAmount: 1_000_000n,
  bands: [
    { upTo: 100_000_000n, ...confirmedAt(1) },
    { upTo: null, ...confirmedAt(3) },
  ],
  onFinalityStall: 'hold',
}
const paid = (late: boolean, ...then: Op[]): Op[] => [{ ...MINE, units: [5_000, 1], late }, ...then]
const LATER = paid(
  false,
  MINE,
  RUN,
  FINALIZE,
  RUN,
  MINE,
  MINE,
  RUN,
  RUN,
  REGISTER,
  fork(1),
  RUN,
  MINE,
)
const FALLEN = paid(true, MINE, FINALIZE, MINE, MINE, RUN, RUN, REGISTER, fork(2), RUN, MINE)
/**
 * The small deposit tells that the block is final; that the large one waits on, that the tip stands too low: it came
 * to its height later than at the usual pace, or a reorg took it below before both deposits were found.
 */
const STOOD_BELOW: [Op[], Policy, number][] = [
  [LATER, FINAL_AND_DEEP, 4],
  [FALLEN, FINAL_AND_DEEP, 4],
]

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
    // The same draws each time: that all states were reached is no matter of luck.
    { numRuns: 32, seed: 11, examples: STOOD_BELOW },
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
    { numRuns: 30, seed: 11 },
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
  const filter = { environment, rail: RAIL.id, chainId: ANVIL.chain.id, ...window }
  return atOneMoment(db, (tx) => readRecords(tx, filter))
}

async function play(
  database: Awaited<ReturnType<typeof testDatabase>>,
  script: readonly Op[],
  { policy, other }: { readonly policy: Policy; readonly other: Policy | null },
): Promise<Db> {
  const chain = new VouchedChain()
  const world = await flowWorldOn(database, chain, { policy, clock: steppingClock(1_000) })
  if (other !== null) await prepareOther(world.db, other)
  const register = async (address: Address, watchFrom?: number): Promise<void> => {
    await world.register([address], watchFrom)
    if (other !== null) await registerOther(world.db, address, watchFrom)
  }
  await playScript(script, { chain, world, register })
  return world.db
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
