import { Command } from 'commander'
import { readEnvironment } from '../config/read-environment.ts'
import type { ChainConfig, Config } from '../config/config.ts'
import { assertOneContract } from '../domain/caip.ts'
import { AppError } from '../domain/error.ts'
import { adapterFor } from '../source/index.ts'
import { print, table, type CliContext, type JsonOption } from './context.ts'
import { fail, ok, reasonOf, warn, type Check } from './doctor/check.ts'
import { examineDatabase } from './doctor/database.ts'
import { examineProviders } from './doctor/providers.ts'

export function doctorCommand(context: CliContext): Command {
  return new Command('doctor')
    .description('check the configuration, the database, the chains and every provider')
    .option('--json', 'print JSON')
    .action(async (options: JsonOption) => {
      const checks = await examine(context)
      print(context, { json: checks, lines: table(checks.map(describe)) }, options)
      const failed = checks.filter(({ level }) => level === 'fail').length
      if (failed > 0) throw new AppError('not_ready', `${failed} of ${checks.length} checks failed`)
    })
}

/** Goes on after a failure: one broken thing must not hide the next. */
async function examine(context: CliContext): Promise<Check[]> {
  const { config, checks } = examineConfiguration(context)
  const chains = config?.chains ?? []
  const database = await examineDatabase(context, chains)
  const providers = await Promise.all(chains.map((chain) => examineProviders(context, chain)))
  return [...checks, ...database, ...providers.flat()]
}

function examineConfiguration({ variables }: CliContext): {
  config: Config | null
  checks: readonly Check[]
} {
  try {
    const config = readEnvironment(variables)
    return { config, checks: [describeChains(config), ...config.chains.flatMap(examineRails)] }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const problems = error.message.split('\n')
    return { config: null, checks: problems.map((problem) => fail('configuration', problem)) }
  }
}

/** Nothing when all is well. */
function examineRails({ chain, rails }: ChainConfig): Check[] {
  return rails.flatMap(({ rail }) => {
    try {
      assertOneContract(rail, adapterFor(chain.family).codec)
      return []
    } catch (error) {
      return [fail(`rail ${rail.id}`, reasonOf(error), `mend the files of chains/${chain.slug}`)]
    }
  })
}

function describeChains({ chains }: Config): Check {
  const slugs = chains.map(({ chain }) => chain.slug)
  if (slugs.length > 0) return ok('configuration', `valid; chains: ${slugs.join(', ')}`)
  return warn('configuration', 'SETTLED_CHAINS names no chain', 'name some, such as ethereum')
}

function describe({ name, level, detail, remedy }: Check): string[] {
  return [level, name, remedy === null ? detail : `${detail} → ${remedy}`]
}
