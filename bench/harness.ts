import { execFileSync } from 'node:child_process'
import os from 'node:os'
import type { BenchPostgres } from './postgres.ts'

/** What a benchmark is given. */
export interface Bench {
  readonly postgres: BenchPostgres
  /** Fewer rounds and rows: to see that it runs, not to quote. */
  readonly small: boolean
}

export type Benchmark = (bench: Bench) => Promise<Figure[]>

/** One measured figure beside its floor: the least work that would do, measured in the same run. */
export interface Figure {
  readonly name: string
  readonly unit: string
  readonly settled: number
  readonly floor: number | null
  /** How `settled` relates to the floor: `rate` more is better, `time` less is better. */
  readonly kind: 'rate' | 'time' | 'size'
  readonly target?: Target
}

export interface Target {
  readonly text: string
  readonly met: boolean
}

/** `ratio` for rates is settled over floor; for times as well, so that 1.0 is the floor and more is slower. */
export function ratioOf({ settled, floor }: Figure): number | null {
  return floor === null ? null : settled / floor
}

export function target(text: string, met: boolean): Target {
  return { text, met }
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

/** The nearest-rank percentile: always a value that was measured. */
export function percentile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const rank = Math.max(1, Math.ceil(fraction * sorted.length))
  const value = sorted[rank - 1]
  if (value === undefined) throw new Error('no values')
  return value
}

export interface Sides<T> {
  readonly settled: T[]
  readonly floor: T[]
}

/** Floor and subject in turn, so that both meet the same moods of the machine. */
export async function interleave<T>(
  rounds: number,
  sides: { readonly settled: () => Promise<T>; readonly floor: () => Promise<T> },
): Promise<Sides<T>> {
  const results: Sides<T> = { settled: [], floor: [] }
  for (let round = 0; round < rounds; round += 1) {
    collectGarbage()
    results.floor.push(await sides.floor())
    collectGarbage()
    results.settled.push(await sides.settled())
  }
  return results
}

/** So that one round does not pay for the rubbish of the one before. */
export function collectGarbage(): void {
  globalThis.gc?.()
}

/** Runs `work` and returns how long it took, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

export function describeMachine(): string[] {
  const [cpu] = os.cpus()
  const gigabytes = Math.round(os.totalmem() / 2 ** 30)
  return [
    `machine  ${os.cpus().length} × ${cpu?.model ?? 'unknown processor'}, ${gigabytes} GB, ${os.type()} ${os.release()}`,
    `node     ${process.version}`,
    `commit   ${commit()}`,
    `load     ${loadNow()} when it began (1, 5, 15 minutes)`,
  ]
}

export function loadNow(): string {
  return os
    .loadavg()
    .map((load) => load.toFixed(2))
    .join(' ')
}

function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
  const changed = git('status', '--porcelain', '--', 'src', 'bench', 'migrations')
  return git('rev-parse', '--short', 'HEAD') + (changed === '' ? '' : ' with uncommitted changes')
}

export function printFigures(figures: readonly Figure[]): void {
  const rows = figures.map((figure) => [
    figure.name,
    `${format(figure.settled)} ${figure.unit}`,
    figure.floor === null ? '' : `${format(figure.floor)} ${figure.unit}`,
    ratioOf(figure)?.toFixed(2) ?? '',
    figure.target === undefined
      ? ''
      : `${figure.target.text}: ${figure.target.met ? 'met' : 'MISSED'}`,
  ])
  const table = [['', 'settled', 'floor', 'ratio', 'target'], ...rows]
  const widths = table[0]?.map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  )
  for (const row of table) {
    const [name = '', ...numbers] = row
    const cells = numbers.slice(0, 3).map((cell, index) => cell.padStart(widths?.[index + 1] ?? 0))
    console.log(`  ${[name.padEnd(widths?.[0] ?? 0), ...cells, numbers[3]].join('  ').trimEnd()}`)
  }
}

function format(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en-US', { maximumFractionDigits: digits })
}
