import type { RailId } from '../domain/chain.ts'
import type { DepositState } from '../domain/deposit.ts'

/** In the order in which a payment travels. */
export const CHECKS = [
  'found',
  'canonical',
  'outcome',
  'token',
  'recipient',
  'amount',
  'view',
  'policy',
  'confirmations',
  'finality',
  'providers',
  'feed',
  'delivery',
  'deposits',
] as const

export const LEVELS = ['ok', 'waiting', 'stopped'] as const

/** Why a line is not `ok`, in one word. `docs/explain.md` has the list. */
export const REASONS = [
  'not_asked',
  'not_found',
  'provider_behind',
  'pending',
  'not_shown',
  'other_branch',
  'reorged_out',
  'reverted',
  'no_token',
  'other_token',
  'wrong_chain',
  'rail_not_enabled',
  'not_registered',
  'registered_too_late',
  'self_transfer',
  'below_minimum',
  'chain_not_started',
  'chain_halted',
  'daemon_not_running',
  'view_behind',
  'rescan_open',
  'missed',
  'confirmations',
  'finality',
  'providers',
  'provider_shortage',
  'not_published',
  'endpoint_disabled',
  'endpoint_gone',
  'breaker_open',
  'delivery_due',
  'delivery_failing',
  'delivery_dead',
  'not_sent',
] as const

export type CheckName = (typeof CHECKS)[number]
export type Level = (typeof LEVELS)[number]
export type Reason = (typeof REASONS)[number]

/** One line of a checklist. */
export interface Check {
  readonly name: CheckName
  readonly level: Level
  readonly detail: string
  /** What the line rests on, where one sentence cannot hold it. */
  readonly evidence: readonly string[]
  /** Null on every `ok` line, and on no other. */
  readonly reason: Reason | null
  /** What to do about it; null where there is nothing to do. */
  readonly remedy: string | null
  /** Nothing behind it can be said. */
  readonly ends: boolean
}

/** The checklist of one payment or one address. */
export interface Explanation {
  readonly chain: string
  readonly environment: string | null
  readonly rail: RailId | null
  readonly transaction: string | null
  readonly address: string | null
  readonly deposit: string | null
  readonly state: DepositState | null
  readonly checks: readonly Check[]
  /** The one line that decides, in a sentence. */
  readonly verdict: string
  /** The same in a word; null when nothing is in the way. */
  readonly reason: Reason | null
}

type Words = Partial<Pick<Check, 'evidence' | 'remedy' | 'ends'>>

export function ok(name: CheckName, detail: string, evidence: readonly string[] = []): Check {
  return { name, level: 'ok', detail, evidence, reason: null, remedy: null, ends: false }
}

/** Time will do it, or somebody is at it. */
export const waiting = inTheWay('waiting')

/** Nothing happens by itself. */
export const stopped = inTheWay('stopped')

function inTheWay(level: 'waiting' | 'stopped') {
  return (name: CheckName, reason: Reason, detail: string, words: Words = {}): Check => ({
    name,
    level,
    detail,
    reason,
    evidence: [],
    remedy: null,
    ends: false,
    ...words,
  })
}

/** What stopped weighs more than what waits, and the first of either explains the rest. */
export function decisive(checks: readonly Check[]): Check | null {
  return (
    checks.find(({ level }) => level === 'stopped') ??
    checks.find(({ level }) => level === 'waiting') ??
    null
  )
}
