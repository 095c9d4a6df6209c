import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { MUTANTS } from './mutants.ts'

/**
 * Preloaded into a worker: plants one bug into one module's text as it is loaded. The sources on disk stay as
 * they are. A text that is not found exactly once is an error, so that a mutant cannot quietly die out.
 */
const name = process.env['SETTLED_SIMULATION_MUTANT'] ?? ''
const mutant = MUTANTS[name]
if (mutant === undefined) throw new Error(`there is no mutant "${name}"`)
const { file, from, to } = mutant

registerHooks({
  load(url, context, nextLoad) {
    if (!url.endsWith(`/src/${file}`)) return nextLoad(url, context)
    const text = readFileSync(fileURLToPath(url), 'utf8')
    if (text.split(from).length !== 2) throw new Error(`mutant "${name}": not once in ${file}`)
    return { format: 'module-typescript', source: text.replace(from, () => to), shortCircuit: true }
  },
})
