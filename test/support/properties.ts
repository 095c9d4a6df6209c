import fc from 'fast-check'
import { commit } from './commit.ts'

/**
 * Fresh draws with each commit, and the same ones wherever it is tried: a property that fails elsewhere fails here
 * too. `SETTLED_TEST_SEED=<number>` makes others; a failure names its own.
 */
const drawn = process.env['SETTLED_TEST_SEED'] ?? Number.parseInt(commit().slice(0, 7), 16)

fc.configureGlobal({ seed: Number(drawn) || 1 })

export { fc }
