import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { required } from '../../../src/lib/assert.ts'
import { hunt } from './hunt.ts'
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

for (const name of SAMPLE) {
  test(`the simulator notices that ${name}`, async () => {
    const [found] = await hunt({
      templateUrl: required(process.env['SETTLED_TEST_DATABASE_URL'], 'run by test/run.ts'),
      jobs: 1,
      seedsMax: SEEDS_MAX,
      only: name,
    })
    assert.notEqual(found?.seeds ?? null, null, `none of ${SEEDS_MAX} seeds noticed`)
  })
}
