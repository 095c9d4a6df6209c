import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { required } from '../../../src/lib/assert.ts'
import { hunt, toReport } from './hunt.ts'
import { MUTANTS, mutated } from './mutants.ts'

const SOURCES = path.join(import.meta.dirname, '..', '..', '..', 'src')

/** Those that break soonest: most seeds show them. Few enough seeds that one which cannot fail is noticed. */
const SAMPLE = [
  'everything confirmed is final',
  'one confirmation too few',
  'a failed delivery counts as delivered',
]
const SEEDS = 8

test('every mutant still finds its text', () => {
  for (const [name, { file }] of Object.entries(MUTANTS)) {
    const text = readFileSync(path.join(SOURCES, file), 'utf8')
    assert.notEqual(mutated(name, text), text, name)
  }
})

for (const name of SAMPLE) {
  test(`the simulator notices that ${name}`, async () => {
    const hunts = await hunt({
      templateUrl: required(process.env['SETTLED_TEST_DATABASE_URL'], 'run by test/run.ts'),
      jobs: 1,
      from: 1,
      to: SEEDS,
      only: [name],
    })
    assert.deepEqual(toReport(hunts).not_caught, [])
  })
}
