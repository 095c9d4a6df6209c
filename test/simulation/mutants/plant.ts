import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { required } from '../../../src/lib/assert.ts'
import { MUTANTS, mutated } from './mutants.ts'

/**
 * Preloaded into a worker: plants one bug into one module's text as it is loaded. The sources on disk stay as
 * they are.
 */
const name = process.env['SETTLED_SIMULATION_MUTANT'] ?? ''
const { file } = required(MUTANTS[name], `there is no mutant "${name}"`)

registerHooks({
  load(url, context, nextLoad) {
    if (!url.endsWith(`/src/${file}`)) return nextLoad(url, context)
    const source = mutated(name, readFileSync(fileURLToPath(url), 'utf8'))
    return { format: 'module-typescript', source, shortCircuit: true }
  },
})
