import { formatAmount } from '../../domain/amount.ts'
import type { Finding } from '../../domain/finding.ts'
import { count } from '../../explain/words.ts'
import type { Book, ClosedDay } from '../../treasury/closing/close-day.ts'
import type { FeedDay } from '../../treasury/closing/closing-store.ts'
import type { DayDifference } from '../../treasury/closing/difference.ts'
import type { JsonObject } from '../../treasury/closing/digest.ts'
import { stateAfter } from '../../treasury/closing/movement.ts'
import type { Verification } from '../../treasury/closing/verify.ts'
import type { Tally } from '../../treasury/tally.ts'
import { table } from '../context.ts'

/** A closed day, and what is beside its statement: how things are now. */
export interface Reconciliation {
  readonly closed: ClosedDay
  readonly statement: JsonObject
  readonly digest: string
  readonly readAt: Date
  /** Null where nobody asked for it. */
  readonly verification: Verification | null
  readonly differences: readonly DayDifference[]
  /** What the drift auditor found and nobody has resolved. */
  readonly findings: readonly Finding[]
}

export function reconciliationJson(reconciliation: Reconciliation) {
  const { closed, statement, digest, readAt, verification, differences, findings } = reconciliation
  return {
    statement,
    digest,
    read_at: readAt.toISOString(),
    deliveries_now: closed.endpoints.map(({ endpoint, now }) => ({ endpoint, ...now })),
    verification: verification && { asked: verification.asked, agreed: verification.agreed },
    differences,
    findings: findings.map(({ id, kind, severity, state, subject, summary, openedAt }) => ({
      id,
      kind,
      severity,
      state,
      subject,
      summary,
      opened_at: openedAt.toISOString(),
    })),
  }
}

export function reconciliationLines(reconciliation: Reconciliation, book: Book): string[] {
  const { closed, digest, readAt, verification } = reconciliation
  const { environment, day, feed, movements } = closed
  return [
    `${environment}, ${day.name} (UTC), read at ${readAt.toISOString()}`,
    '',
    ...balanceLines(closed, book),
    '',
    eventsLine(movements.length, feed),
    ...closed.endpoints.map(
      ({ endpoint, deliveries, acknowledged, attempts, failedAttempts, now }) =>
        `${endpoint}: ${count(deliveries, 'event')}, ${acknowledged} acknowledged in the day after ${count(attempts, 'attempt')} ` +
        `(${failedAttempts} failed); now ${now.delivered} delivered, ${now.pending} pending, ${now.dead} dead`,
    ),
    ...(verification === null
      ? []
      : [
          `providers: asked about ${count(verification.asked, 'deposit')}, ${verification.agreed} as on record`,
        ]),
    '',
    ...outcomeLines(reconciliation),
    `digest: ${digest}`,
  ]
}

function balanceLines({ balances }: ClosedDay, book: Book): string[] {
  if (balances.length === 0) return ['no deposit moved before the end of this day']
  return table([
    ['rail', 'state', 'opening', 'in', 'out', 'closing'],
    ...balances.flatMap(({ rail, states }) =>
      states.map(({ state, opening, closing, ...moved }) => [
        rail,
        state,
        ...[opening, moved.in, moved.out, closing].map((one) => tallyText(one, rail, book)),
      ]),
    ),
  ])
}

function eventsLine(written: number, { before, numbered, after, unnumbered }: FeedDay): string {
  const numbers = numbered === 0 ? '' : `, ${before + 1} to ${after}`
  return `events: ${written} written; ${numbered} numbered in the feed${numbers}; ${unnumbered} without a number at the end`
}

function outcomeLines({ differences, findings }: Reconciliation): string[] {
  return [
    `differences: ${differences.length === 0 ? 'none' : differences.length}`,
    ...differences.map(({ check, subject, detail }) => `  ${check}  ${subject}  ${detail}`),
    `findings that stand: ${findings.length === 0 ? 'none' : findings.length}`,
    ...findings.map(
      ({ id, severity, kind, state, summary }) =>
        `  ${id}  ${severity}  ${kind}  ${state}  ${summary}`,
    ),
  ]
}

const COLUMNS = [
  'line',
  'rail',
  'state',
  'count',
  'amount',
  'amount_decimal',
  'at',
  'event',
  'deposit',
  'version',
  'from',
  'transaction',
  'log_index',
  'block_height',
  'block_hash',
  'subject',
  'detail',
] as const

type Cells = Partial<Record<(typeof COLUMNS)[number], string>>

/** One line a figure, a movement, a difference and a finding; `line` says which. The last one is the digest. */
export function reconciliationCells(reconciliation: Reconciliation, book: Book): string[][] {
  const { closed, digest, differences, findings } = reconciliation
  const lines: Cells[] = [
    ...balanceCells(closed, book),
    ...movementCells(closed, book),
    ...deliveryCells(closed),
    ...differences.map(({ check, subject, detail }) => ({
      line: 'difference',
      state: check,
      subject,
      detail,
    })),
    ...findings.map(({ id, kind, state, summary }) => ({
      line: 'finding',
      state,
      subject: id,
      detail: `${kind}: ${summary}`,
    })),
    { line: 'digest', subject: digest },
  ]
  return [[...COLUMNS], ...lines.map((cells) => COLUMNS.map((column) => cells[column] ?? ''))]
}

function balanceCells({ balances }: ClosedDay, book: Book): Cells[] {
  return balances.flatMap(({ rail, states }) =>
    states.flatMap(({ state, ...columns }) =>
      (['opening', 'in', 'out', 'closing'] as const).map((line) => ({
        line,
        rail,
        state,
        count: `${columns[line].count}`,
        ...amountCells(columns[line].sum, rail, book),
      })),
    ),
  )
}

function movementCells({ movements }: ClosedDay, book: Book): Cells[] {
  return movements.map((movement) => {
    const { rail, type, amount, at, event, deposit, version, previous, place } = movement
    const { codec } = book(rail)
    return {
      line: 'movement',
      rail,
      state: stateAfter(type),
      count: '1',
      ...amountCells(amount, rail, book),
      at: at.toISOString(),
      event,
      deposit,
      version: `${version}`,
      from: previous === null ? '' : stateAfter(previous),
      transaction: codec.formatHash(movement.txHash),
      log_index: `${place?.logIndex ?? ''}`,
      block_height: `${place?.height ?? ''}`,
      block_hash: codec.formatHash(movement.blockHash),
    }
  })
}

function deliveryCells({ endpoints, movements }: ClosedDay): Cells[] {
  return endpoints.flatMap(({ endpoint, deliveries, acknowledged, now }) =>
    Object.entries({
      acknowledged,
      unacknowledged: deliveries - acknowledged,
      not_for_it: movements.length - deliveries,
      delivered_now: now.delivered,
      pending_now: now.pending,
      dead_now: now.dead,
    }).map(([state, count]) => ({ line: 'endpoint', subject: endpoint, state, count: `${count}` })),
  )
}

function amountCells(sum: bigint, rail: string, book: Book): Cells {
  return { amount: `${sum}`, amount_decimal: formatAmount(sum, book(rail).rail.decimals) }
}

function tallyText({ count: deposits, sum }: Tally, rail: string, book: Book): string {
  return deposits === 0 ? '0' : `${deposits} (${formatAmount(sum, book(rail).rail.decimals)})`
}
