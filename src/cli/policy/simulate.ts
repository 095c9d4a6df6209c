import type { Command } from 'commander'
import { trialJson } from '../../treasury/trial-json.ts'
import { tryPolicy } from '../../treasury/trial.ts'
import { by, MOMENT } from '../argument.ts'
import { print, withDatabase, type CliContext, type JsonOption } from '../context.ts'
import { writeCsv } from '../csv.ts'
import { knownChain, knownEnvironment, knownRail } from '../lookup.ts'
import { candidateCommand, readCandidate } from './policy-subject.ts'
import { simulationCells, simulationLines } from './simulation-report.ts'

interface SimulateOptions extends JsonOption {
  readonly file: string
  readonly from: Date
  readonly to?: Date
  readonly csv?: string
}

export function simulateCommand(context: CliContext): Command {
  return candidateCommand('simulate')
    .description('replay recorded deposits under a policy file, beside what really happened')
    .requiredOption('--from <time>', 'deposits first seen from here on', by(MOMENT))
    .option('--to <time>', 'and before this; until now by default', by(MOMENT))
    .option('--csv <file>', 'write CSV as well')
    .action(async (environment: string, railId: string, options: SimulateOptions) => {
      const { rail } = knownRail(railId)
      const { from, to } = options
      const candidate = await readCandidate(options.file, rail)
      const trial = await withDatabase(context, async (db) => {
        await knownEnvironment(db, environment)
        const readAt = context.env.clock.now()
        const chain = knownChain(rail.chainId)
        const bounds = { from, to: to ?? readAt, readAt }
        return tryPolicy(db, { environment, rail, chain, candidate, ...bounds })
      })
      if (options.csv !== undefined) {
        await writeCsv(options.csv, simulationCells(trial.simulation, rail))
      }
      print(context, { json: trialJson(trial), lines: simulationLines(trial) }, options)
    })
}
