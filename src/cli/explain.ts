import { Command } from 'commander'
import { readCursor } from '../block/block-store.ts'
import { listChains, loadChain } from '../config/chain-files.ts'
import type { ChainConfig } from '../config/config.ts'
import { readEnvironment } from '../config/read-environment.ts'
import { AppError } from '../domain/error.ts'
import type { Check, Explanation } from '../explain/check.ts'
import { explainedChain, type ExplainedChain } from '../explain/desk.ts'
import { explain } from '../explain/explain.ts'
import { explanationView } from '../http/explain-view.ts'
import { FIELDS } from '../http/fields.ts'
import { adapterFor, type OpenSource } from '../source/index.ts'
import type { Db } from '../store/database.ts'
import { by } from './argument.ts'
import { print, withDatabase, type CliContext, type JsonOption } from './context.ts'
import { knownEnvironment } from './lookup.ts'
import { openOracle } from './oracle.ts'

interface ExplainOptions extends JsonOption {
  readonly rail?: string
  readonly environment?: string
}

export function explainCommand(context: CliContext): Command {
  return new Command('explain')
    .description('say why a payment does not show: a checklist from the chain to the webhook')
    .argument('<subject>', 'a transaction hash, an address or a deposit id', by(FIELDS.subject))
    .option('--rail <rail>', 'only this rail, such as ethereum/usdt', by(FIELDS.rail))
    .option('--environment <environment>', 'only this environment; all if left out')
    .option('--json', 'print JSON')
    .action(async (subject: string, options: ExplainOptions) => {
      const explanations = await withDatabase(context, (db) =>
        answer(context, db, subject, options),
      )
      const json = explanations.map(explanationView)
      print(context, { json, lines: explanations.flatMap(describe) }, options)
    })
}

async function answer(
  context: CliContext,
  db: Db,
  subject: string,
  { rail, environment }: ExplainOptions,
): Promise<Explanation[]> {
  if (environment !== undefined) await knownEnvironment(db, environment)
  const opened: OpenSource[] = []
  try {
    const chains = await openChains(context, db, opened)
    const desk = { db, clock: context.env.clock, chains }
    return await explain(desk, { subject, rail, environment: environment ?? null })
  } finally {
    for (const source of opened) await source.close()
  }
}

/** The chains this terminal was told the providers of, and those that only the database knows of. */
async function openChains(
  context: CliContext,
  db: Db,
  opened: OpenSource[],
): Promise<ExplainedChain[]> {
  const { configured, absence } = configuredChains(context)
  const chains: ExplainedChain[] = []
  for (const config of configured) {
    const oracle = await openOracle(context, config, opened)
    chains.push(explainedChain(config, adapterFor(config.chain.family).codec, oracle))
  }
  for (const slug of listChains()) {
    const facts = loadChain(slug)
    const { id, family } = facts.chain
    if (configured.some(({ chain }) => chain.id === id)) continue
    if ((await readCursor(db, id)) === null) continue
    const { codec } = adapterFor(family)
    chains.push(explainedChain({ ...facts, providers: [] }, codec, { absence }))
  }
  return chains
}

/** What is on record can be told without a provider, so a terminal that knows none is no error. */
function configuredChains({ variables }: CliContext): {
  readonly configured: readonly ChainConfig[]
  readonly absence: string
} {
  try {
    const { chains } = readEnvironment(variables)
    return { configured: chains, absence: 'this terminal’s SETTLED_CHAINS does not name it' }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { configured: [], absence: `this terminal’s configuration is wrong: ${error.message}` }
  }
}

function describe(explanation: Explanation): string[] {
  const { chain, rail, environment, deposit, state, checks, verdict, reason } = explanation
  const what = [rail ?? chain, environment, deposit, state].filter((word) => word !== null)
  const word = reason === null ? '' : ` (${reason})`
  return [what.join('  '), `→ ${verdict}${word}`, ...checks.flatMap(describeCheck), '']
}

function describeCheck({ level, name, detail, evidence, remedy }: Check): string[] {
  const under = [...evidence, ...(remedy === null ? [] : [`→ ${remedy}`])]
  return [
    `  ${level.padEnd('stopped'.length)}  ${name.padEnd('confirmations'.length)}  ${detail}`,
    ...under.map((line) => `${' '.repeat(26)}${line}`),
  ]
}
