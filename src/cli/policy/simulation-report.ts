import { formatAmount } from '../../domain/amount.ts'
import type { Rail } from '../../domain/chain.ts'
import { ruleText } from '../../domain/rule-text.ts'
import { count } from '../../explain/words.ts'
import type { BandComparison, Figures, Simulation } from '../../treasury/simulation.ts'
import type { Tally } from '../../treasury/tally.ts'
import { amountSeconds } from '../../treasury/trial-json.ts'
import type { Trial } from '../../treasury/trial.ts'
import { table } from '../context.ts'
import { describeAmounts } from './describe-amounts.ts'

/** Named rather than counted in a list that a person reads to the end. */
const NAMED_MAX = 20

const HEADER = ['', 'policy', 'confirmed', 'p50', 'p95', 'max', 'amount × s']

const COLUMNS = [
  'band',
  'rule',
  'deposits',
  'sum',
  'policy',
  'confirmed',
  'p50_seconds',
  'p95_seconds',
  'max_seconds',
  'amount_seconds',
  'reversed',
  'reversed_sum',
  'waiting',
  'waiting_sum',
  'orphaned',
  'orphaned_sum',
]

/** A header and two rows a band, the last two for all bands together. */
export function simulationCells(simulation: Simulation, rail: Rail): string[][] {
  return [COLUMNS, ...named(simulation, rail).flatMap((comparison) => rowsOf(comparison, rail))]
}

export function simulationLines({ window, simulation }: Trial): string[] {
  const { rail, environment, from, to, readAt } = window
  const { total, belowMinimum, unexplained } = simulation
  const all = total.deposits.count + belowMinimum.count
  return [
    `${environment} ${rail.id}: ${count(all, 'deposit')} first seen from ${from.toISOString()} until ${to.toISOString()},`,
    `followed until ${readAt.toISOString()}; amounts in ${rail.symbol}, times in seconds from first sight`,
    '',
    ...table([
      [...HEADER, 'reversed', 'waiting', 'orphaned'],
      ...named(simulation, rail).flatMap((comparison) => shortRows(comparison, rail)),
    ]),
    '',
    `below the candidate's minimum, in no row above: ${tallyText(belowMinimum, rail)}`,
    ...window.limits.map((limit) => `note: ${limit}`),
    `check: the rules in force, replayed, give exactly what was recorded of ${all - unexplained.length} of ${count(all, 'deposit')}`,
    ...unexplained.slice(0, NAMED_MAX).map((id) => `  ${id}`),
    ...(unexplained.length > NAMED_MAX ? [`  and ${unexplained.length - NAMED_MAX} more`] : []),
  ]
}

interface NamedComparison extends BandComparison {
  readonly amounts: string
}

/** The bands, each by its amounts, and all of them together. */
function named({ bands, total }: Simulation, rail: Rail): NamedComparison[] {
  const rows = bands.map((comparison, index) => {
    const above = bands[index - 1]?.band?.upTo ?? 0n
    const upTo = comparison.band?.upTo ?? null
    return { ...comparison, amounts: describeAmounts(above, upTo, rail) }
  })
  return [...rows, { ...total, amounts: 'all' }]
}

/** As a person reads it: the band once, each count with its sum. */
function shortRows(comparison: NamedComparison, rail: Rail): string[][] {
  const { amounts, band, deposits, inForce, candidate } = comparison
  const title = band === null ? amounts : `${amounts}: ${ruleText(band)}`
  const row = (figures: Figures): string[] => [
    ...figureCells(figures, rail).slice(0, 5),
    ...[figures.reversed, figures.waiting, figures.orphaned].map((tally) =>
      tally.count === 0 ? '0' : `${tally.count} (${formatAmount(tally.sum, rail.decimals)})`,
    ),
  ]
  return [
    [title, 'in force', ...row(inForce)],
    [`  ${tallyText(deposits, rail)}`, 'candidate', ...row(candidate)],
  ]
}

function rowsOf(comparison: NamedComparison, rail: Rail): string[][] {
  const { amounts, band, deposits, ...sides } = comparison
  const head = [
    amounts,
    band === null ? '' : ruleText(band),
    `${deposits.count}`,
    formatAmount(deposits.sum, rail.decimals),
  ]
  return [
    [...head, 'in force', ...figureCells(sides.inForce, rail)],
    [...head, 'candidate', ...figureCells(sides.candidate, rail)],
  ]
}

function figureCells(figures: Figures, rail: Rail): string[] {
  const { confirmed, waitMs, amountMs, reversed, waiting, orphaned } = figures
  const waits = [waitMs?.p50, waitMs?.p95, waitMs?.max]
  return [
    `${confirmed}`,
    ...waits.map((ms) => (ms === undefined ? '' : secondsText(ms))),
    amountSeconds(amountMs, rail),
    ...[reversed, waiting, orphaned].flatMap((tally) => [
      `${tally.count}`,
      formatAmount(tally.sum, rail.decimals),
    ]),
  ]
}

function tallyText({ count: deposits, sum }: Tally, rail: Rail): string {
  return `${count(deposits, 'deposit')}, ${formatAmount(sum, rail.decimals)}`
}

function secondsText(ms: number): string {
  return formatAmount(BigInt(Math.round(ms)), 3)
}
