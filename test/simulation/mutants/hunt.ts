import { required } from '../../../src/lib/assert.ts'
import { Worker } from '../fleet.ts'
import { drawProfile } from '../profile.ts'
import type { Answer, Job } from '../worker.ts'
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
  /** Numbers of the first seed and of the last one. */
  readonly from: number
  readonly to: number
  /** Some mutants by their names, or all of them. */
  readonly only: readonly string[] | null
  readonly onHunt?: (hunt: Hunt) => void
}

/** Plants each bug in turn and counts the seeds until an invariant breaks. A harness has to be able to fail. */
export async function hunt(options: HuntOptions): Promise<Hunt[]> {
  const waiting = [...(options.only ?? Object.keys(MUTANTS))]
  await using control = await Control.start(options.templateUrl)
  const hunts: Hunt[] = []
  const work = async (): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const found = await huntOne(mutant, options, control)
      hunts.push(found)
      options.onHunt?.(found)
    }
  }
  await Promise.all(Array.from({ length: options.jobs }, work))
  return hunts
}

async function huntOne(
  mutant: string,
  { templateUrl, from, to }: HuntOptions,
  control: Control,
): Promise<Hunt> {
  const { needs } = required(MUTANTS[mutant], `there is no mutant "${mutant}"`)
  await using worker = await Worker.start(templateUrl, mutant)
  const numbers = Array.from({ length: to - from + 1 }, (_, index) => from + index)
  const shown = numbers.filter((number) => needs?.(drawProfile(seedOf(number))) !== false)
  return { mutant, ...(await search(worker, shown, (seed) => control.holds(seed))) }
}

interface Searched {
  readonly isUsable: boolean
  readonly hasEnded: boolean
  run(job: Job): Promise<Pick<Answer, 'violation'>>
}

/** A broken invariant catches a bug, as does a world that never comes to rest. A worker that breaks down does not. */
export async function search(
  worker: Searched,
  numbers: readonly number[],
  holds: (seed: string) => Promise<boolean>,
): Promise<Omit<Hunt, 'mutant'>> {
  for (const seeds of numbers) {
    const seed = seedOf(seeds)
    const { violation } = await worker.run({ seed, without: [] })
    if (worker.hasEnded) return { ...MISSED, message: violation?.message ?? null }
    if (violation !== null && (await holds(seed))) return { seeds, ...violation }
    if (!worker.isUsable) return { ...MISSED, message: `${seed} hangs without the bug as well` }
  }
  return MISSED
}

const seedOf = (number: number) => `mutant-${number}`
const MISSED = { seeds: null, invariant: null, message: null }

/** The same seeds without any bug: one that breaks all the same has caught nothing. */
class Control implements AsyncDisposable {
  readonly #worker: Worker
  readonly #known = new Map<string, boolean>()
  #last: Promise<unknown> = Promise.resolve()

  private constructor(worker: Worker) {
    this.#worker = worker
  }

  static async start(templateUrl: string): Promise<Control> {
    return new Control(await Worker.start(templateUrl))
  }

  /** A worker runs one seed at a time. */
  holds(seed: string): Promise<boolean> {
    const turn = this.#last.then(async () => {
      const known = this.#known.get(seed) ?? (await this.#run(seed))
      this.#known.set(seed, known)
      return known
    })
    this.#last = turn.catch(() => undefined)
    return turn
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#worker[Symbol.asyncDispose]()
  }

  async #run(seed: string): Promise<boolean> {
    return (await this.#worker.run({ seed, without: [] })).violation === null
  }
}

export function describeHunt({ mutant, seeds, invariant, message }: Hunt): string {
  const first = (message ?? '').split('\n')[0] ?? ''
  if (seeds === null) return `NOT CAUGHT          ${mutant}${first === '' ? '' : `  (${first})`}`
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
