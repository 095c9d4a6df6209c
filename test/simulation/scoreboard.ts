import type { Campaign, Failure } from './campaign.ts'
import { missing } from './reachable.ts'

/** From this many seeds on, a thing that never happened is a hole in the simulator. */
const SEEDS_FOR_ALL = 300

export interface Scores {
  readonly commit: string
  readonly seeds: number
  readonly doubled_runs: number
  readonly wall_seconds: number
  readonly virtual_hours: number
  readonly speed_up: number
  readonly statements: number
  readonly reorgs: number
  readonly deepest_reorg: number
  readonly transfers_moved: number
  readonly kills: number
  readonly takeovers: number
  readonly lies_told: number
  readonly lies_detected: number
  readonly halts_without_cause: number
  readonly events: number
  readonly feed_events: number
  readonly deliveries: number
  readonly lost: number
  readonly doubled: number
  readonly false_finals: number
  readonly out_of_order: number
  readonly violations: Readonly<Record<string, number>>
  readonly never_happened: readonly string[]
  readonly counts: Readonly<Record<string, number>>
}

export function toScores(
  { seeds, doubled, coverage, failures, wallMs }: Campaign,
  commit: string,
): Scores {
  const sum = (prefix: string): number =>
    [...coverage.counts]
      .filter(([name]) => name.startsWith(prefix))
      .reduce((total, [, count]) => total + count, 0)
  const violations = new Map(
    [...Map.groupBy(failures, ({ answer }) => answer.violation?.invariant ?? '')].map(
      ([invariant, of]) => [invariant, of.length],
    ),
  )
  /** Seeds in which it broke. */
  const broken = (invariant: string): number => violations.get(invariant) ?? 0
  const virtualMs = coverage.of('virtual ms')
  return {
    commit,
    seeds,
    doubled_runs: doubled,
    wall_seconds: Math.round(wallMs / 1_000),
    virtual_hours: Math.round(virtualMs / 360_000) / 10,
    speed_up: Math.round(virtualMs / wallMs),
    statements: coverage.of('statements'),
    reorgs: coverage.of('reorgs'),
    deepest_reorg: coverage.of('max reorg depth'),
    transfers_moved: coverage.of('transfers moved by reorgs'),
    kills: coverage.of('kills'),
    takeovers: coverage.of('takeovers'),
    lies_told: sum('F4/F5 ') + sum('F9 '),
    lies_detected: coverage.of('lies detected'),
    halts_without_cause: coverage.of('halts without cause'),
    events: sum('event '),
    feed_events: coverage.of('feed events'),
    deliveries: coverage.of('deliveries'),
    lost: broken('I1'),
    doubled: broken('I2'),
    false_finals: broken('I3'),
    out_of_order: broken('I5') + broken('I6'),
    violations: Object.fromEntries(violations),
    never_happened: missing(coverage),
    counts: Object.fromEntries([...coverage.counts].toSorted(([a], [b]) => a.localeCompare(b))),
  }
}

export function scoreboard(scores: Scores): string {
  const { never_happened, violations } = scores
  const rows = Object.entries(scores)
    .filter(([, value]) => typeof value !== 'object')
    .map(([name, value]) => [name.replaceAll('_', ' '), value])
  const width = Math.max(...rows.map(([name]) => String(name).length))
  const lines = rows.map(([name, value]) => `${String(name).padEnd(width)}  ${value}`)
  const broken = Object.entries(violations).map(([name, count]) => `${name} ${count}`)
  lines.push(`${'violations'.padEnd(width)}  ${broken.length === 0 ? 0 : broken.join(', ')}`)
  if (isIncomplete(scores)) lines.push(`never happened: ${never_happened.join(', ')}`)
  return lines.join('\n')
}

/** Whether so many seeds should have seen everything that can happen. */
export function isIncomplete({ seeds, never_happened }: Scores): boolean {
  return seeds >= SEEDS_FOR_ALL && never_happened.length > 0
}

export function describeFailure({ answer, without }: Failure, commit: string): string {
  const { seed, phase, profile, violation, script } = answer
  const options = without.length === 0 ? '' : ` --without ${without.join(',')}`
  return [
    '',
    `SEED=${seed} COMMIT=${commit} phase=${phase} invariant=${violation?.invariant}`,
    `  ${violation?.message}`,
    `  replay: npm run simulate -- --seed ${seed}${options}`,
    `  drawn: ${JSON.stringify(profile)}`,
    '  what happened last:',
    ...script.slice(-40).map((line) => `    ${line}`),
    '',
  ].join('\n')
}
