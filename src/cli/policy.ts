import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { parse as parseYaml, stringify as toYaml } from 'yaml'
import {
  currentPolicy,
  policyHistory,
  savePolicy,
  type PolicyInForce,
  type PolicyVersion,
} from '../confirmation/policy-store.ts'
import type { Rail } from '../domain/chain.ts'
import { AppError } from '../domain/error.ts'
import { formatPolicy, parsePolicy } from '../domain/policy-document.ts'
import { railsOf } from '../environment/environment-store.ts'
import { describeShortage, remedyOf, shortageOf } from '../provider-shortage.ts'
import type { Db } from '../store/database.ts'
import { FIELDS } from '../http/fields.ts'
import { by } from './argument.ts'
import { makeChange } from './change.ts'
import { print, table, withDatabase, type CliContext, type JsonOption } from './context.ts'
import { knownEnvironment, knownRail, watchedChain } from './lookup.ts'

export function policyCommand(context: CliContext): Command {
  return new Command('policy')
    .description('policies: when a deposit counts as confirmed, per environment and rail')
    .addCommand(showCommand(context))
    .addCommand(setCommand(context))
    .addCommand(historyCommand(context))
}

function showCommand(context: CliContext): Command {
  return subjectCommand('show')
    .description('show the policy in force')
    .action(async (environment: string, railId: string, options: JsonOption) => {
      const { rail } = knownRail(railId)
      const current = await withDatabase(context, (db) => enabledPolicy(db, environment, rail))
      const document = formatPolicy(current.policy, rail)
      const lines = [`# ${describe(current).join('  ')}`, toYaml(document).trimEnd()]
      print(context, { json: toJson(current, rail), lines }, options)
    })
}

function setCommand(context: CliContext): Command {
  return subjectCommand('set')
    .description('put a new version of the policy in force, for deposits detected from now on')
    .requiredOption('--file <file>', 'the policy, as YAML or JSON')
    .requiredOption(
      '--reason <reason>',
      'why; it is kept with the version',
      by(FIELDS.description.min(1)),
    )
    .action(
      async (
        environment: string,
        railId: string,
        options: JsonOption & { file: string; reason: string },
      ) => {
        const { rail } = knownRail(railId)
        const { reason } = options
        const policy = parsePolicy(await readDocument(options.file), rail)
        const version = await makeChange(context, async ({ tx, now, actor, audit }) => {
          await enabledPolicy(tx, environment, rail)
          const next = await savePolicy(tx, {
            environment,
            rail,
            policy,
            author: actor,
            reason,
            now,
          })
          const detail = { version: next, reason }
          await audit({ environment, action: 'policy.changed', subject: rail.id, detail })
          return next
        })
        const warning = warningOf(context, { environment, rail, version, policy })
        if (warning !== null) context.writeError(`warning: ${warning}\n`)
        const json = { environment, rail: rail.id, version, warning }
        print(context, { json, lines: [`version ${version} of ${rail.id} is in force`] }, options)
      },
    )
}

function historyCommand(context: CliContext): Command {
  return subjectCommand('history')
    .description('list all versions, the newest first')
    .action(async (environment: string, railId: string, options: JsonOption) => {
      const { rail } = knownRail(railId)
      const versions = await withDatabase(context, async (db) => {
        await enabledPolicy(db, environment, rail)
        return policyHistory(db, environment, rail)
      })
      const json = versions.map((version) => toJson(version, rail))
      print(context, { json, lines: table(versions.map(describe)) }, options)
    })
}

function subjectCommand(name: string): Command {
  return new Command(name)
    .argument('<environment>')
    .argument('<rail>', 'such as ethereum/usdt')
    .option('--json', 'print JSON')
}

async function enabledPolicy(db: Db, id: string, rail: Rail): Promise<PolicyVersion> {
  const { id: environment } = await knownEnvironment(db, id)
  const current = await currentPolicy(db, environment, rail)
  if (current !== null && (await railsOf(db, environment)).has(rail.id)) return current
  throw new AppError(
    'rail_not_enabled',
    `${rail.id} is not enabled for ${id}: run "settled env enable-rail ${id} ${rail.id}"`,
  )
}

/** Null as well where this terminal was not told the providers of the chain. */
function warningOf({ variables }: CliContext, policy: PolicyInForce): string | null {
  const chain = watchedChain(variables, policy.rail.chainId)
  const shortage = chain && shortageOf(chain, policy)
  return shortage && `${policy.rail.id}: ${describeShortage(shortage)}; ${remedyOf(shortage)}`
}

async function readDocument(file: string): Promise<unknown> {
  try {
    return parseYaml(await readFile(file, 'utf8'))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AppError('invalid_policy', `${file} cannot be read: ${reason}`, { cause })
  }
}

function describe({ version, createdAt, author, reason }: PolicyVersion): string[] {
  return [`version ${version}`, createdAt.toISOString(), author, reason]
}

function toJson({ version, policy, author, reason, createdAt }: PolicyVersion, rail: Rail) {
  const created_at = createdAt.toISOString()
  return { version, author, reason, created_at, policy: formatPolicy(policy, rail) }
}
