import { fork, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { onServer, siblingUrl } from '../support/server.ts'
import { drawProfile } from './profile.ts'
import { simplified } from './simplify.ts'
import type { Answer, Job } from './worker.ts'

const WORKER = path.join(import.meta.dirname, 'worker.ts')
/** A seed takes a second, a hundred on a machine that is busy with other things; one that takes longer hangs. */
const REAL_MS_MAX = 300_000
/** What the worker has to notice a deadline by itself, between two steps. */
const GRACE_MS = 5_000

/** One worker with a database of its own. */
export class Worker implements AsyncDisposable {
  readonly #templateUrl: string
  readonly #name: string
  readonly #child: ChildProcess
  /** False once a seed has hung in it or ended it. */
  isUsable = true
  /** It broke down: by itself no word about the program, which may not even have been loaded. */
  hasEnded = false

  private constructor(templateUrl: string, name: string, child: ChildProcess) {
    this.#templateUrl = templateUrl
    this.#name = name
    this.#child = child
  }

  /** `mutant`: the bug to plant in the sources as it loads them. */
  static async start(templateUrl: string, mutant?: string): Promise<Worker> {
    const name = `settled_simulation_${randomBytes(6).toString('hex')}`
    const template = new URL(templateUrl).pathname.slice(1)
    await onServer(templateUrl, (client) =>
      client.query(`create database ${name} template ${template}`),
    )
    const hook = path.join(import.meta.dirname, 'mutants', 'plant.ts')
    const child = fork(WORKER, {
      execArgv: mutant === undefined ? [] : ['--import', hook],
      env: {
        ...process.env,
        NODE_TEST_CONTEXT: '',
        SETTLED_SIMULATION_DATABASE_URL: siblingUrl(templateUrl, name),
        ...(mutant === undefined ? {} : { SETTLED_SIMULATION_MUTANT: mutant }),
      },
    })
    return new Worker(templateUrl, name, child)
  }

  /** What came of a seed. One that hangs or ends its worker is a violation as well; the worker is useless then. */
  async run(job: Job): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const child = this.#child
    const realMsMax = job.realMsMax ?? REAL_MS_MAX
    const lost = (message: string): void => {
      this.isUsable = false
      resolve(lostAnswer(job, message))
    }
    const answered = (answer: unknown): void => resolve(answer as Answer)
    const exited = (code: number | null): void => {
      this.hasEnded = true
      lost(`the seed ended its worker with ${code}`)
    }
    const deadline = setTimeout(
      () => lost(`the seed hangs: no step ended within ${realMsMax} ms`),
      realMsMax + GRACE_MS,
    )
    child.once('message', answered)
    child.once('exit', exited)
    child.send({ ...job, realMsMax })
    try {
      return await promise
    } finally {
      clearTimeout(deadline)
      child.off('message', answered)
      child.off('exit', exited)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await onServer(this.#templateUrl, (client) =>
      client.query(`drop database if exists ${this.#name} with (force)`),
    )
  }
}

function lostAnswer({ seed, without }: Job, message: string): Answer {
  return {
    seed,
    profile: simplified(drawProfile(seed), without),
    violation: { invariant: 'I12', message },
    phase: 'safety',
    digest: '',
    script: [],
    counts: [],
    virtualMs: 0,
    wallMs: 0,
  }
}
