import { parseArgs } from 'node:util'
import { backfill } from './backfill.ts'
import {
  describeMachine,
  loadNow,
  printFigures,
  type Bench,
  type Benchmark,
  type Figure,
} from './harness.ts'
import { latency } from './latency.ts'
import { matching } from './matching.ts'
import { startBenchPostgres } from './postgres.ts'
import { reorg } from './reorg.ts'
import { tron } from './tron.ts'
import { webhooks } from './webhooks.ts'

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  backfill,
  latency,
  webhooks,
  reorg,
  tron,
  matching,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { small: { type: 'boolean', default: false } },
})
const names = positionals.length === 0 ? Object.keys(BENCHMARKS) : positionals
const unknown = names.filter((name) => BENCHMARKS[name] === undefined)
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; there are ${Object.keys(BENCHMARKS).join(', ')}`)
  process.exit(2)
}

for (const line of describeMachine()) console.log(line)
const missed: Figure[] = []
await using postgres = await startBenchPostgres()
for (const name of names) {
  const run = BENCHMARKS[name]
  if (run === undefined) continue
  const bench: Bench = { postgres, small: values.small }
  const started = performance.now()
  const figures = await run(bench)
  const seconds = Math.round((performance.now() - started) / 1000)
  console.log(`\n${name} (${seconds} s, load afterwards ${loadNow()})`)
  printFigures(figures)
  missed.push(...figures.filter((figure) => figure.target?.met === false))
}
console.log(missed.length === 0 ? '\nevery target met' : `\n${missed.length} missed`)
