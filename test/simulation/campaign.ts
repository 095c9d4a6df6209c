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
  readonly onAnswer?: (answer: Answer) => void
}

/** Runs seeds on several workers until there are no more, or too many fail. */
export async function campaign(options: CampaignOptions): Promise<Campaign> {
  const startedMs = performance.now()
  const coverage = new Coverage()
  const failures: Failure[] = []
  let seeds = 0
  let doubled = 0
  const work = async (): Promise<void> => {
    await using worker = await Worker.start(options.templateUrl)
    for (;;) {
      const seed = failures.length < options.failuresMax ? options.next() : null
      if (seed === null) return
      const { without } = options
      let answer = await worker.run({ seed, without })
      seeds += 1
      if (answer.violation === null && seeds % options.doubleEvery === 0) {
        doubled += 1
        answer = compared(answer, await worker.run({ seed, without }))
      }
      coverage.add(toCoverage(answer))
      options.onAnswer?.(answer)
      if (answer.violation !== null) failures.push(await shrink(worker, answer, without))
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

/** Takes out whatever the failure does not need: what is left is its story. */
async function shrink(worker: Worker, answer: Answer, given: readonly string[]): Promise<Failure> {
  let best: Failure = { answer, without: given }
  if (answer.violation?.invariant === 'I14') return best
  for (const name of SIMPLIFICATIONS) {
    const without = [...best.without, name]
    const simpler = await worker.run({ seed: answer.seed, without })
    const isSame = simpler.violation?.invariant === answer.violation?.invariant
    if (isSame) best = { answer: simpler, without }
  }
  return best
}

function toCoverage(answer: Answer): Coverage {
  const coverage = new Coverage()
  for (const [name, value] of answer.counts) {
    if (name.startsWith('max ')) coverage.highest(name, value)
    else coverage.count(name, value)
  }
  return coverage
}
