import { writeFile } from 'node:fs/promises'
import os from 'node:os'
import { parseArgs } from 'node:util'
import type { Family } from '../../src/domain/chain.ts'
import { startTestServer } from '../support/server.ts'
import { campaign } from './campaign.ts'
import { commit } from '../support/commit.ts'
import { describeHunt, describeReport, hunt, toReport } from './mutants/hunt.ts'
import { chainsOf, drawProfile } from './profile.ts'
import { describeFailure, isIncomplete, scoreboard, toScores } from './scoreboard.ts'

/**
 * `npm run simulate -- [--minutes N | --seeds N | --seed S [--without a,b]] [--family evm | tron] [--json file]
 * [--jobs N]`, or `--mutants`.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seeds: { type: 'string' },
    seed: { type: 'string' },
    from: { type: 'string' },
    family: { type: 'string' },
    without: { type: 'string' },
    json: { type: 'string' },
    jobs: { type: 'string' },
    mutants: { type: 'boolean' },
    mutant: { type: 'string', multiple: true },
  },
})

const untilMs = performance.now() + Number(values.minutes ?? Infinity) * 60_000
const from = values.from ?? Date.now().toString(36)
const most = Number(values.seeds ?? (values.minutes === undefined ? 100 : Infinity))
const family = readFamily(values.family)
let given = 0
let drawn = 0

function next(): string | null {
  if (performance.now() >= untilMs || given === most) return null
  given += 1
  if (values.seed !== undefined) return given === 1 ? values.seed : null
  let seed: string
  do {
    drawn += 1
    seed = `${from}-${drawn}`
  } while (family !== null && chainsOf(drawProfile(seed)).some((one) => one.family !== family))
  return seed
}

await using server = await startTestServer(process.env['DATABASE_URL'])
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stop())
}
process.exitCode = values.mutants === true ? await huntMutants() : await simulate()

async function stop(): Promise<never> {
  await server[Symbol.asyncDispose]()
  process.exit(130)
}

async function simulate(): Promise<number> {
  const result = await campaign({
    templateUrl: server.templateUrl,
    jobs: values.seed === undefined ? Number(values.jobs ?? os.availableParallelism()) : 1,
    next,
    without: values.without?.split(',') ?? [],
    doubleEvery: values.seed === undefined ? 20 : 1,
    failuresMax: 5,
    onAnswer: ({ seed, violation, wallMs }) => {
      if (violation !== null) console.log(`seed ${seed}: ${violation.message.slice(0, 200)}`)
      else if (values.seed !== undefined) console.log(`seed ${seed}: ok, ${Math.round(wallMs)} ms`)
    },
  })
  const scores = toScores(result, commit())
  for (const failure of result.failures) console.log(describeFailure(failure, commit()))
  console.log(scoreboard(scores))
  if (values.json !== undefined)
    await writeFile(values.json, `${JSON.stringify(scores, null, 2)}\n`)
  return result.failures.length === 0 && !isIncomplete(scores) ? 0 : 1
}

async function huntMutants(): Promise<number> {
  const hunts = await hunt({
    templateUrl: server.templateUrl,
    jobs: Number(values.jobs ?? os.availableParallelism()),
    from: 1,
    to: Number(values.seeds ?? 200),
    only: values.mutant ?? null,
    onHunt: (one) => console.log(describeHunt(one)),
  })
  const report = { commit: commit(), ...toReport(hunts) }
  console.log(describeReport(report))
  if (values.json !== undefined)
    await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`)
  return report.not_caught.length === 0 ? 0 : 1
}

function readFamily(text: string | undefined): Family | null {
  if (text === undefined || text === 'evm' || text === 'tron') return text ?? null
  throw new Error(`--family: "${text}" is neither evm nor tron`)
}
