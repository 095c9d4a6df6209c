import { Option, type Command } from 'commander'
import { policyHistory } from '../../confirmation/policy-store.ts'
import type { Rail } from '../../domain/chain.ts'
import type { Policy } from '../../domain/policy.ts'
import { readRecords } from '../../treasury/history-store.ts'
import { limitsOf, versionsOf } from '../../treasury/limits.ts'
import { recordOf } from '../../treasury/signs.ts'
import { simulate, type Simulation } from '../../treasury/simulation.ts'
import { by, MOMENT } from '../argument.ts'
import { print, withDatabase, type CliContext, type JsonOption } from '../context.ts'
import { csv } from '../csv.ts'
import { knownChain, knownRail } from '../lookup.ts'
import { candidateCommand, enabledPolicy, readCandidate } from './policy-subject.ts'
import {
  simulationCells,
  simulationJson,
  simulationLines,
  type Window,
} from './simulation-report.ts'

interface SimulateOptions extends JsonOption {
  readonly file: string
  readonly from: Date
  readonly to?: Date
  readonly csv?: boolean
}

export function simulateCommand(context: CliContext): Command {
  return candidateCommand('simulate')
    .description('replay recorded deposits under a policy file, beside what really happened')
    .requiredOption('--from <time>', 'deposits first seen from here on', by(MOMENT))
    .option('--to <time>', 'and before this; until now by default', by(MOMENT))
    .addOption(new Option('--csv', 'print CSV').conflicts('json'))
    .action(async (environment: string, railId: string, options: SimulateOptions) => {
      const { rail } = knownRail(railId)
      const { from, to } = options
      const candidate = await readCandidate(options.file, rail)
      const wanted = { environment, rail, candidate, from, to }
      const { window, simulation } = await simulateRecords(context, wanted)
      if (options.csv === true) return context.write(csv(simulationCells(simulation, rail)))
      const json = simulationJson(window, simulation)
      print(context, { json, lines: simulationLines(window, simulation) }, options)
    })
}

interface Wanted {
  readonly environment: string
  readonly rail: Rail
  readonly candidate: Policy
  readonly from: Date
  readonly to: Date | undefined
}

async function simulateRecords(
  context: CliContext,
  { environment, rail, candidate, from, to }: Wanted,
): Promise<{ window: Window; simulation: Simulation }> {
  const readAt = context.env.clock.now()
  const chain = knownChain(rail.chainId)
  const bounds = { from, to: to ?? readAt }
  const { version, policies, records } = await withDatabase(context, async (db) => ({
    version: (await enabledPolicy(db, environment, rail)).version,
    policies: await policyHistory(db, environment, rail),
    records: await readRecords(db, {
      environment,
      rail: rail.id,
      chainId: chain.id,
      ...bounds,
      now: readAt,
    }),
  }))
  const { histories, memory } = records
  const record = recordOf(histories, memory, chain)
  const simulation = simulate({ histories, record, candidate, readMs: readAt.getTime() })
  const { basis } = simulation
  const known = { rail, candidate, versions: policies, ...bounds, histories, record, basis }
  const told = { versions: versionsOf(histories), limits: limitsOf(known) }
  return { window: { environment, rail, version, ...bounds, readAt, ...told }, simulation }
}
