import { SimServer } from './database/server.ts'
import { drawProfile } from './profile.ts'
import { simplified } from './simplify.ts'
import { Simulation, type Result } from './simulation.ts'

/** A process that runs seeds one after the other and says what came of each. */
export interface Job {
  readonly seed: string
  readonly without: readonly string[]
  /** How long it may take, of real time. */
  readonly realMsMax?: number
}

export interface Answer extends Omit<Result, 'coverage' | 'script'> {
  readonly counts: readonly (readonly [string, number])[]
  /** Of a failed seed only: it is long. */
  readonly script: readonly string[]
}

const url = process.env['SETTLED_SIMULATION_DATABASE_URL']
if (url === undefined) throw new Error('a worker is started by the simulator, with its database')
const server = new SimServer(url)

process.on('message', (job: Job) => void work(job))
process.on('disconnect', () => process.exit())

async function work({ seed, without, realMsMax }: Job): Promise<void> {
  const profile = simplified(drawProfile(seed), without)
  const { coverage, script, ...result } = await new Simulation(
    seed,
    server,
    profile,
    realMsMax,
  ).run()
  const answer: Answer = {
    ...result,
    counts: [...coverage.counts],
    script: result.violation === null ? [] : script,
  }
  process.send?.(answer)
}
