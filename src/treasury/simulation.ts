import { bandFor, isDust, resolvePolicy } from '../confirmation/policy.ts'
import type { DepositId } from '../domain/deposit.ts'
import type { Band, Policy } from '../domain/policy.ts'
import { required } from '../lib/assert.ts'
import type { ChainRecord } from './chain-record.ts'
import type { DepositHistory, Entry } from './history.ts'
import { isSameRule } from './policy-diff.ts'
import { replay, type Basis } from './replay.ts'
import { tally, type Tally } from './tally.ts'

/** What a policy made of a number of deposits. Amounts are base units. */
export interface Figures {
  readonly confirmed: number
  /** From first sight to the first time it was confirmed; null where none was. */
  readonly waitMs: { readonly p50: number; readonly p95: number; readonly max: number } | null
  /** Sum of amount × milliseconds until it was confirmed, left, or the records end. */
  readonly amountMs: bigint
  /** Confirmed, and taken back after. */
  readonly reversed: Tally
  /** In a block of our view and not confirmed when the records end. */
  readonly waiting: Tally
  /** Gone before it was confirmed, and not back when the records end. */
  readonly orphaned: Tally
}

/** One band of the candidate, and what both policies made of the same deposits. */
export interface BandComparison {
  /** Null: all bands together. */
  readonly band: Band | null
  readonly deposits: Tally
  readonly inForce: Figures
  readonly candidate: Figures
}

export interface Simulation {
  readonly bands: readonly BandComparison[]
  readonly total: BandComparison
  /** Below the candidate's minimum: under it they would have been no deposits, and are counted nowhere else. */
  readonly belowMinimum: Tally
  /** How many of the candidate's confirmations rest on an estimated time or on an assumption. */
  readonly basis: Readonly<Record<Basis, number>>
  /** Deposits whose own rule, replayed, does not give exactly what was recorded of them. */
  readonly unexplained: readonly DepositId[]
}

export interface SimulationInput {
  readonly histories: readonly DepositHistory[]
  readonly record: ChainRecord
  readonly candidate: Policy
  /** Where the records end. */
  readonly readMs: number
}

/** What became of one deposit under one rule. */
interface Fate {
  readonly amount: bigint
  readonly confirmed: boolean
  readonly waitedMs: number
  readonly reversed: boolean
  readonly last: Entry['type']
}

interface Case {
  readonly band: Band
  readonly amount: bigint
  readonly inForce: Fate
  readonly candidate: Fate
  readonly basis: Basis | null
}

/** What a candidate would have made of the deposits that were, beside what the policy in force made of them. */
export function simulate(input: SimulationInput): Simulation {
  const { histories, candidate, record } = input
  const counted = histories.filter(({ deposit }) => !isDust(candidate, deposit.amount))
  const dust = histories.filter(({ deposit }) => isDust(candidate, deposit.amount))
  const cases = counted.map((history) => caseOf(history, input))
  const basis = { recorded: 0, estimated: 0, providers_assumed: 0 }
  for (const { basis: of } of cases) if (of !== null) basis[of] += 1
  return {
    bands: candidate.bands.map((band) =>
      compare(
        band,
        cases.filter((one) => one.band === band),
      ),
    ),
    total: compare(null, cases),
    belowMinimum: tally(dust.map(({ deposit }) => deposit)),
    basis,
    unexplained: histories
      .filter((history) => !isReproduced(history, record))
      .map(({ deposit }) => deposit.id),
  }
}

/** Whether the rule that judged a deposit, replayed, gives the same verdicts in the same blocks at the same times. */
function isReproduced(history: DepositHistory, record: ChainRecord): boolean {
  const { deposit, entries } = history
  const verdicts = replay(history, deposit.policy, record)
  return (
    verdicts.length === entries.length &&
    verdicts.every(({ type, blockHash, atMs }, index) => {
      const entry = entries[index]
      return entry?.type === type && entry.blockHash === blockHash && entry.atMs === atMs
    })
  )
}

function caseOf(history: DepositHistory, { candidate, record, readMs }: SimulationInput): Case {
  const { deposit, entries } = history
  const { amount } = deposit
  // A candidate has no version yet; the number is not looked at.
  const rule = resolvePolicy({ version: 0, policy: candidate }, amount)
  const verdicts = replay(history, rule, record)
  const confirmed = verdicts.find(({ type }) => type === 'deposit.confirmed')
  // A rule that stays as it was gives what was recorded; nothing of it is estimated.
  const basis = isSameRule(rule, deposit.policy) ? 'recorded' : confirmed?.basis
  return {
    band: bandFor(candidate, amount),
    amount,
    inForce: fateOf(amount, entries, readMs),
    candidate: fateOf(amount, verdicts, readMs),
    basis: confirmed === undefined ? null : (basis ?? null),
  }
}

function fateOf(amount: bigint, entries: readonly Entry[], readMs: number): Fate {
  const first = required(entries[0], 'a life begins with a detection')
  const last = required(entries.at(-1), 'a life begins with a detection')
  const confirmed = entries.find(({ type }) => type === 'deposit.confirmed')
  const endMs = confirmed?.atMs ?? (last.type === 'deposit.orphaned' ? last.atMs : readMs)
  return {
    amount,
    confirmed: confirmed !== undefined,
    waitedMs: Math.max(0, endMs - first.atMs),
    reversed: entries.some(({ type }) => type === 'deposit.reversed'),
    last: last.type,
  }
}

function compare(band: Band | null, cases: readonly Case[]): BandComparison {
  return {
    band,
    deposits: tally(cases),
    inForce: figuresOf(cases.map(({ inForce }) => inForce)),
    candidate: figuresOf(cases.map(({ candidate }) => candidate)),
  }
}

function figuresOf(fates: readonly Fate[]): Figures {
  const confirmed = fates.filter((fate) => fate.confirmed)
  return {
    confirmed: confirmed.length,
    waitMs: percentiles(confirmed.map(({ waitedMs }) => waitedMs)),
    amountMs: fates.reduce((sum, { amount, waitedMs }) => sum + amount * BigInt(waitedMs), 0n),
    reversed: tally(fates.filter(({ reversed }) => reversed)),
    waiting: tally(fates.filter((fate) => fate.last === 'deposit.detected')),
    orphaned: tally(fates.filter((fate) => fate.last === 'deposit.orphaned')),
  }
}

/** By nearest rank: each is a wait that really was. */
function percentiles(waits: readonly number[]): Figures['waitMs'] {
  const sorted = waits.toSorted((a, b) => a - b)
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]
  const [p50, p95, max] = [rank(0.5), rank(0.95), sorted.at(-1)]
  if (p50 === undefined || p95 === undefined || max === undefined) return null
  return { p50, p95, max }
}
