import { fork, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { onServer, siblingUrl } from '../support/server.ts'
import type { Answer, Job } from './worker.ts'

const WORKER = path.join(import.meta.dirname, 'worker.ts')
/** A seed takes a second or two; one that takes this long hangs. */
const SEED_MS_MAX = 120_000

/** One worker with a database of its own. */
export class Worker implements AsyncDisposable {
  readonly #templateUrl: string
  readonly #name: string
  readonly #child: ChildProcess

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

  run(job: Job): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const child = this.#child
      const end = (): void => {
        clearTimeout(deadline)
        child.off('message', answered)
        child.off('exit', exited)
      }
      const answered = (answer: unknown): void => {
        end()
        resolve(answer as Answer)
      }
      const exited = (code: number | null): void => {
        end()
        reject(new Error(`seed ${job.seed}: its worker ended with ${code}`))
      }
      const deadline = setTimeout(() => {
        end()
        reject(new Error(`seed ${job.seed}: no end after ${SEED_MS_MAX} ms`))
      }, SEED_MS_MAX)
      child.once('message', answered)
      child.once('exit', exited)
      child.send(job)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await onServer(this.#templateUrl, (client) =>
      client.query(`drop database if exists ${this.#name} with (force)`),
    )
  }
}
