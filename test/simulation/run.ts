import { writeFile } from 'node:fs/promises'
import os from 'node:os'
import { parseArgs } from 'node:util'
import { startTestServer } from '../support/server.ts'
import { campaign } from './campaign.ts'
import { describeFailure, isIncomplete, scoreboard, toScores } from './scoreboard.ts'

/** `npm run simulate -- [--minutes N | --seeds N | --seed S [--without a,b]] [--json file] [--jobs N]`. */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seeds: { type: 'string' },
    seed: { type: 'string' },
    from: { type: 'string' },
    without: { type: 'string' },
    json: { type: 'string' },
    jobs: { type: 'string' },
  },
})

const untilMs = performance.now() + Number(values.minutes ?? Infinity) * 60_000
const from = values.from ?? Date.now().toString(36)
const most = Number(values.seeds ?? (values.minutes === undefined ? 100 : Infinity))
let drawn = 0

function next(): string | null {
  if (performance.now() >= untilMs) return null
  drawn += 1
  if (values.seed !== undefined) return drawn === 1 ? values.seed : null
  return drawn <= most ? `${from}-${drawn}` : null
}

await using server = await startTestServer(process.env['DATABASE_URL'])
const result = await campaign({
  templateUrl: server.templateUrl,
  jobs: values.seed === undefined ? Number(values.jobs ?? os.availableParallelism()) : 1,
  next,
  without: values.without?.split(',') ?? [],
  doubleEvery: values.seed === undefined ? 10 : 1,
  failuresMax: 5,
  onAnswer: ({ seed, violation, wallMs }) => {
    if (violation !== null) console.log(`seed ${seed}: ${violation.message.slice(0, 200)}`)
    else if (values.seed !== undefined) console.log(`seed ${seed}: ok, ${Math.round(wallMs)} ms`)
  },
})
const scores = toScores(result)
for (const failure of result.failures) console.log(describeFailure(failure))
console.log(scoreboard(scores))
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(scores, null, 2)}\n`)
process.exitCode = result.failures.length === 0 && !isIncomplete(scores) ? 0 : 1
