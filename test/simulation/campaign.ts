import { Coverage } from './coverage.ts'
import { Worker } from './fleet.ts'
import { SIMPLIFICATIONS } from './simplify.ts'
import type { Answer } from './worker.ts'

export interface Failure {
  readonly answer: Answer
  /** What could be taken out without losing the failure. */
  readonly without: readonly string[]
}

export interface Campaign {
  readonly seeds: number
  readonly doubled: number
  readonly coverage: Coverage
  readonly failures: readonly Failure[]
  readonly wallMs: number
}

export interface CampaignOptions {
  readonly templateUrl: string
  readonly jobs: number
  /** Hands out the next seed, or null when it is enough. */
  readonly next: () => string | null
  readonly without: readonly string[]
  /** Every so-many-th seed runs twice and has to say the same. */
  readonly doubleEvery: number
  readonly failuresMax: number
  /** How long one seed may take, and how long one failure may be made smaller; of real time. */
  readonly realMsMax?: number
  readonly shrinkMs?: number
  readonly onAnswer?: (answer: Answer) => void
}

const SHRINK_MS = 120_000

/** Runs seeds on several workers until there are no more, or too many fail. */
export async function campaign(options: CampaignOptions): Promise<Campaign> {
  const startedMs = performance.now()
  const coverage = new Coverage()
  const failures: Failure[] = []
  let seeds = 0
  let doubled = 0
  const answerOf = async (worker: Worker, seed: string): Promise<Answer> => {
    const job = { seed, without: options.without, ...limitOf(options) }
    const answer = await worker.run(job)
    seeds += 1
    if (answer.violation !== null || seeds % options.doubleEvery !== 0) return answer
    doubled += 1
    return compared(answer, await worker.run(job))
  }
  const work = async (): Promise<void> => {
    await using workers = new Workers(options.templateUrl)
    for (;;) {
      const seed = failures.length < options.failuresMax ? options.next() : null
      if (seed === null) return
      const answer = await answerOf(await workers.usable(), seed)
      coverage.add(toCoverage(answer))
      options.onAnswer?.(answer)
      if (answer.violation !== null) failures.push(await shrink(workers, answer, options))
    }
  }
  await Promise.all(Array.from({ length: options.jobs }, work))
  return { seeds, doubled, coverage, failures, wallMs: performance.now() - startedMs }
}

function compared(first: Answer, second: Answer): Answer {
  if (first.digest === second.digest) return first
  const message = `two runs of one seed differ: ${first.digest} and ${second.digest}`
  return { ...second, violation: { invariant: 'I14', message } }
}

/** Takes out whatever the failure does not need, while there is time: what is left is its story. */
async function shrink(
  workers: Workers,
  answer: Answer,
  options: CampaignOptions,
): Promise<Failure> {
  let best: Failure = { answer, without: options.without }
  // Whether two runs differ is not seen in one, and a hang would take its whole time again with every part.
  if (answer.violation?.invariant === 'I14' || answer.script.length === 0) return best
  const untilMs = performance.now() + (options.shrinkMs ?? SHRINK_MS)
  for (const name of SIMPLIFICATIONS) {
    const leftMs = untilMs - performance.now()
    if (leftMs <= 0) break
    const without = [...best.without, name]
    const worker = await workers.usable()
    const simpler = await worker.run({ seed: answer.seed, without, realMsMax: leftMs })
    const isAlike = simpler.violation?.invariant === answer.violation?.invariant
    // One that was cut off has shown nothing.
    if (isAlike && performance.now() < untilMs) best = { answer: simpler, without }
  }
  return best
}

function limitOf({ realMsMax }: CampaignOptions): { readonly realMsMax?: number } {
  return realMsMax === undefined ? {} : { realMsMax }
}

/** One worker, and another one in its place where a seed has hung. */
class Workers implements AsyncDisposable {
  readonly #templateUrl: string
  #worker: Worker | null = null

  constructor(templateUrl: string) {
    this.#templateUrl = templateUrl
  }

  async usable(): Promise<Worker> {
    if (this.#worker?.isUsable === false) await this[Symbol.asyncDispose]()
    this.#worker ??= await Worker.start(this.#templateUrl)
    return this.#worker
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const worker = this.#worker
    this.#worker = null
    await worker?.[Symbol.asyncDispose]()
  }
}

function toCoverage(answer: Answer): Coverage {
  const coverage = new Coverage()
  for (const [name, value] of answer.counts) {
    if (name.startsWith('max ')) coverage.highest(name, value)
    else coverage.count(name, value)
  }
  return coverage
}
