import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { required } from '../../../src/lib/assert.ts'
import type { Answer } from '../worker.ts'
import { hunt, search, toReport } from './hunt.ts'
import { MUTANTS, mutated } from './mutants.ts'

const SOURCES = path.join(import.meta.dirname, '..', '..', '..', 'src')

/** Those that break soonest: most seeds show them. Few enough seeds that one which cannot fail is noticed. */
const SAMPLE = [
  'everything confirmed is final',
  'the minimum is not looked at',
  'a failed delivery counts as delivered',
]
const SEEDS = 8

test('every mutant still finds its text', () => {
  for (const [name, { file }] of Object.entries(MUTANTS)) {
    const text = readFileSync(path.join(SOURCES, file), 'utf8')
    assert.notEqual(mutated(name, text), text, name)
  }
})

/** A worker in which every seed comes to the same. */
function worker(violation: Answer['violation'], lost: 'hung' | 'ended' | null = null) {
  const run = () => Promise.resolve({ violation })
  return { run, isUsable: lost === null, hasEnded: lost === 'ended' }
}

test('a violation and a hang catch a mutant, a worker that breaks down does not', async () => {
  const seeds = [1, 2, 3]
  const broken = { invariant: 'I3', message: 'two of one' } as const
  const lost = { invariant: 'I12', message: 'the seed ended its worker with 1' } as const
  const holds = () => Promise.resolve(true)
  const breaks = () => Promise.resolve(false)
  assert.deepEqual(await search(worker(broken), seeds, holds), { seeds: 1, ...broken })
  assert.equal((await search(worker(lost, 'hung'), seeds, holds)).seeds, 1)
  const ended = await search(worker(lost, 'ended'), seeds, holds)
  assert.deepEqual([ended.seeds, ended.message], [null, lost.message])
  assert.equal((await search(worker(broken), seeds, breaks)).seeds, null)
  await assert.rejects(
    search({ ...worker(null), run: () => Promise.reject(new Error('no channel')) }, seeds, holds),
    /no channel/,
  )
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
