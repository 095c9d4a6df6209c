import { detect, include, isAlive, judge, leave } from '../confirmation/deposit.ts'
import { dueHeight, isConfirmed, type Evidence } from '../confirmation/policy.ts'
import type { Deposit } from '../domain/deposit.ts'
import type { Transition } from '../domain/event.ts'
import type { ResolvedPolicy } from '../domain/policy.ts'
import { assert } from '../lib/assert.ts'
import { evidenceAt, whenFinal, whenTipReaches, type ChainRecord } from './chain-record.ts'
import type { DepositHistory, Entry, Stay } from './history.ts'

/** Where the time of a verdict comes from: the records, an estimate, or an assumption about providers. */
export type Basis = 'recorded' | 'estimated' | 'providers_assumed'

export interface Verdict extends Entry {
  readonly basis: Basis
}

/** A time at which a deposit is looked at, and what is known then. */
interface Moment {
  readonly atMs: number
  readonly evidence: Evidence
  readonly basis: Basis
}

/** How long other providers took to vouch for a deposit once all else of its rule held; null: they never did. */
type Patience = { readonly ms: number | null; readonly wasAsked: boolean }

/**
 * Lets everything that happened to a deposit happen to it again, under this rule. What it becomes is decided by
 * the machine that decides in the daemon; only the moments at which it is looked at come from the records.
 */
export function replay(
  history: DepositHistory,
  policy: ResolvedPolicy,
  record: ChainRecord,
): Verdict[] {
  const [first] = history.stays
  const begun = detect({ ...history.deposit, ...first.place, policy })
  const verdicts: Verdict[] = []
  let current = begun.deposit
  const say = (transition: Transition, { atMs, basis }: Pick<Moment, 'atMs' | 'basis'>): void => {
    const { type, deposit } = transition
    verdicts.push({ type, blockHash: deposit.blockHash, atMs, basis })
    current = deposit
  }
  for (const stay of history.stays) {
    const arrival = stay === first ? begun : include(current, stay.place)
    assert(typeof arrival !== 'string', `${current.id} stands in two blocks`)
    say(arrival, recorded(stay.fromMs))
    const patience = patienceOf(history.deposit, stay, record)
    const { witnesses, moments } = momentsFor(current, stay, patience, record)
    current = { ...current, witnesses }
    for (const moment of moments) {
      if (!isAlive(current.state)) continue
      for (const transition of judge(current, moment.evidence)) say(transition, moment)
    }
    if (stay.toMs !== null) say(leave(current), recorded(stay.toMs))
  }
  return verdicts
}

function recorded(atMs: number): Pick<Moment, 'atMs' | 'basis'> {
  return { atMs, basis: 'recorded' }
}

/**
 * The moments of a stay at which a verdict can change, and how many providers show the deposit by then. Where the
 * rule asks for several, the daemon asks them when all else holds; here they answer as patiently as they did.
 */
function momentsFor(
  deposit: Deposit,
  stay: Stay,
  patience: Patience,
  record: ChainRecord,
): { readonly witnesses: number; readonly moments: readonly Moment[] } {
  const { providers } = deposit.policy
  if (providers === 1) return { witnesses: 1, moments: during(stay, deposit, stay.fromMs, record) }
  const ready = firstReady(deposit, stay, record)
  if (ready === null || patience.ms === null) return { witnesses: 1, moments: [] }
  const moments = during(stay, deposit, ready.atMs + patience.ms, record)
  return {
    witnesses: providers,
    moments: patience.wasAsked
      ? moments
      : moments.map((moment) => ({ ...moment, basis: 'providers_assumed' })),
  }
}

/** What the records know of other providers: only what they were asked, which the rule in force decided. */
function patienceOf(deposit: Deposit, stay: Stay, record: ChainRecord): Patience {
  if (deposit.policy.providers === 1) return { ms: 0, wasAsked: false }
  const ready = firstReady({ ...deposit, ...stay.place }, stay, record)
  if (ready === null) return { ms: 0, wasAsked: false }
  const ms = stay.confirmedMs === null ? null : Math.max(0, stay.confirmedMs - ready.atMs)
  return { ms, wasAsked: true }
}

/** The first moment of a stay at which nothing but other providers' word is missing. */
function firstReady(deposit: Deposit, stay: Stay, record: ChainRecord): Moment | null {
  const vouched = { ...deposit, witnesses: deposit.policy.providers }
  const moments = during(stay, deposit, stay.fromMs, record)
  return moments.find(({ evidence }) => isConfirmed(vouched, evidence)) ?? null
}

/**
 * From `fromMs` to the end of the stay: that moment itself, when the tip came to the height the rule waits for,
 * and when the chain called the block final. Nothing else can make the machine move.
 */
function during(stay: Stay, deposit: Deposit, fromMs: number, record: ChainRecord): Moment[] {
  const { height, policy } = deposit
  const due = dueHeight(policy, height)
  const final = whenFinal(record, height, fromMs)
  const moments: Moment[] = [{ ...recorded(fromMs), evidence: evidenceAt(record, fromMs) }]
  if (final !== null) {
    const basis = final.isExact ? 'recorded' : 'estimated'
    moments.push({ atMs: final.atMs, basis, evidence: evidenceAt(record, final.atMs) })
  }
  // Also from finality on: a reorg above the deposit may have taken the tip below that height in between.
  const starts = final === null ? [fromMs] : [fromMs, final.atMs]
  const counted = due === null ? [] : starts.map((start) => dueMoment(due, start, record))
  moments.push(...counted.filter((moment) => moment !== null))
  const endMs = stay.toMs ?? Infinity
  return moments.filter(({ atMs }) => atMs < endMs).toSorted((a, b) => a.atMs - b.atMs)
}

function dueMoment(due: number, fromMs: number, record: ChainRecord): Moment | null {
  const reached = whenTipReaches(record, due, fromMs)
  if (reached === null) return null
  const { atMs, isExact } = reached
  const evidence = evidenceAt(record, atMs)
  return {
    atMs,
    basis: isExact ? 'recorded' : 'estimated',
    // At an estimated moment no sign is to be found, only the height that was reckoned with.
    evidence: { ...evidence, tipHeight: Math.max(evidence.tipHeight, due) },
  }
}
