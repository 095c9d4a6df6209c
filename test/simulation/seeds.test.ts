import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { required } from '../../src/lib/assert.ts'
import { campaign } from './campaign.ts'
import { commit } from '../support/commit.ts'
import { describeFailure } from './scoreboard.ts'

/** Fresh seeds of one test, and how many such tests: each has its own deadline. */
const SEEDS = 10
const ROUNDS = 5
/** A failure has to be told, with its seed, before the test's own deadline of two minutes. */
const REAL_MS_MAX = 75_000
const SHRINK_MS = 20_000
/** In a full run other files want the processor too. */
const JOBS = Math.min(2, os.availableParallelism())

async function replay(seeds: readonly string[]): Promise<void> {
  const waiting = [...seeds]
  const { failures, seeds: ran } = await campaign({
    templateUrl: required(process.env['SETTLED_TEST_DATABASE_URL'], 'run by test/run.ts'),
    jobs: JOBS,
    next: () => waiting.shift() ?? null,
    without: [],
    doubleEvery: 5,
    failuresMax: 1,
    realMsMax: REAL_MS_MAX,
    shrinkMs: SHRINK_MS,
  })
  assert.equal(failures.map((failure) => describeFailure(failure, commit())).join('\n'), '')
  assert.equal(ran, seeds.length)
}

function notableSeeds(): string[] {
  const text = readFileSync(path.join(import.meta.dirname, 'notable-seeds.md'), 'utf8')
  return [...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, seed = '']) => seed)
}

test('seeds that found something hold', async () => {
  const seeds = notableSeeds()
  assert.ok(seeds.length > 0)
  await replay(seeds)
})

/** Fresh with each commit, and the same wherever it is tried: a failure elsewhere can be replayed here. */
const run = commit()

for (let round = 1; round <= ROUNDS; round += 1) {
  const seeds = Array.from({ length: SEEDS }, (_, index) => `test-${run}-${round}-${index}`)
  test(`${SEEDS} fresh seeds hold, ${seeds[0]} and on`, () => replay(seeds))
}
