import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { required } from '../../../src/lib/assert.ts'
import { hunt, toReport } from './hunt.ts'
import { MUTANTS, mutated } from './mutants.ts'

const SOURCES = path.join(import.meta.dirname, '..', '..', '..', 'src')

/** One of what is read, one of what is judged, two of what is told: each breaks within its first seeds. */
const SAMPLE = [
  'dirty padding is cut off a recipient',
  'everything confirmed is final',
  'the events of a large step are lost',
  'a failed delivery counts as delivered',
]
const SEEDS_MAX = 8

test('every mutant still finds its text', () => {
  for (const [name, { file }] of Object.entries(MUTANTS)) {
    const text = readFileSync(path.join(SOURCES, file), 'utf8')
    assert.notEqual(mutated(name, text), text, name)
  }
})

test('the simulator notices a sample of them', async () => {
  const hunts = await hunt({
    templateUrl: required(process.env['SETTLED_TEST_DATABASE_URL'], 'run by test/run.ts'),
    jobs: 1,
    seedsMax: SEEDS_MAX,
    only: SAMPLE,
  })
  assert.deepEqual(toReport(hunts).not_caught, [])
})
