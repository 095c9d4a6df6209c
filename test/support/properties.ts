import fc from 'fast-check'
import { commit } from './commit.ts'

/**
 * Fresh draws with each commit, and the same ones wherever it is tried: a property that fails elsewhere fails here
 * too. `SETTLED_TEST_SEED=<whole number>` makes others; a failure names its own.
 */
fc.configureGlobal({ seed: statedSeed() ?? seedOfCommit() })

function statedSeed(): number | null {
  const stated = process.env['SETTLED_TEST_SEED']
  if (stated === undefined) return null
  if (/^-?\d+$/.test(stated)) return Number(stated)
  throw new Error(`SETTLED_TEST_SEED is no whole number: '${stated}'`)
}

/** One, where there is no commit. */
function seedOfCommit(): number {
  return Number.parseInt(commit().slice(0, 7), 16) || 1
}

export { fc }
