import { Worker } from '../fleet.ts'
import { MUTANTS } from './mutants.ts'

export interface Hunt {
  readonly mutant: string
  /** How many seeds it took; null when none of them noticed. */
  readonly seeds: number | null
  readonly invariant: string | null
  readonly message: string | null
}

export interface HuntOptions {
  readonly templateUrl: string
  readonly jobs: number
  readonly seedsMax: number
  /** One mutant by its name, or all of them. */
  readonly only: string | null
  readonly onHunt?: (hunt: Hunt) => void
}

/** Plants each bug in turn and counts the seeds until an invariant breaks. A harness has to be able to fail. */
export async function hunt(options: HuntOptions): Promise<Hunt[]> {
  const waiting = Object.keys(MUTANTS).filter(
    (name) => options.only === null || name === options.only,
  )
  const hunts: Hunt[] = []
  const work = async (): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const found = await huntOne(mutant, options)
      hunts.push(found)
      options.onHunt?.(found)
    }
  }
  await Promise.all(Array.from({ length: options.jobs }, work))
  return hunts
}

async function huntOne(mutant: string, { templateUrl, seedsMax }: HuntOptions): Promise<Hunt> {
  await using worker = await Worker.start(templateUrl, mutant)
  for (let seeds = 1; seeds <= seedsMax; seeds += 1) {
    const { violation } = await worker.run({ seed: `mutant-${seeds}`, without: [] })
    if (violation === null) continue
    return { mutant, seeds, invariant: violation.invariant, message: violation.message }
  }
  return { mutant, seeds: null, invariant: null, message: null }
}

export function describeHunt({ mutant, seeds, invariant, message }: Hunt): string {
  if (seeds === null) return `NOT CAUGHT          ${mutant}`
  const first = (message ?? '').split('\n')[0] ?? ''
  return `${String(seeds).padStart(4)} seeds  ${(invariant ?? '').padEnd(8)}  ${mutant}  (${first.slice(0, 80)})`
}

/** What a hunt for all of them says about the simulator. */
export interface HuntReport {
  readonly mutants: number
  readonly caught: number
  /** Of those that were caught: how many seeds it took. */
  readonly seeds_median: number | null
  readonly seeds_most: number | null
  readonly not_caught: readonly string[]
  readonly hunts: readonly Hunt[]
}

export function toReport(hunts: readonly Hunt[]): HuntReport {
  const seeds = hunts.flatMap((one) => one.seeds ?? []).toSorted((a, b) => a - b)
  return {
    mutants: hunts.length,
    caught: seeds.length,
    seeds_median: seeds[Math.floor(seeds.length / 2)] ?? null,
    seeds_most: seeds.at(-1) ?? null,
    not_caught: hunts.filter((one) => one.seeds === null).map(({ mutant }) => mutant),
    hunts,
  }
}

export function describeReport({ mutants, caught, seeds_median, seeds_most }: HuntReport): string {
  const needed =
    seeds_median === null
      ? ''
      : `, the median after ${seeds_median} seeds, the last after ${seeds_most}`
  return `${caught} of ${mutants} mutants caught${needed}`
}
