import { Command } from 'commander'
import { stringify as toYaml } from 'yaml'
import { policyHistory, type PolicyVersion } from '../confirmation/policy-store.ts'
import type { Rail } from '../domain/chain.ts'
import { formatPolicy } from '../domain/policy-document.ts'
import { print, table, withDatabase, type CliContext, type JsonOption } from './context.ts'
import { knownRail } from './lookup.ts'
import { applyCommand } from './policy/apply.ts'
import { diffCommand } from './policy/diff.ts'
import { enabledPolicy, subjectCommand } from './policy/policy-subject.ts'
import { simulateCommand } from './policy/simulate.ts'

export function policyCommand(context: CliContext): Command {
  return new Command('policy')
    .description('policies: when a deposit counts as confirmed, per environment and rail')
    .addCommand(showCommand(context))
    .addCommand(diffCommand(context))
    .addCommand(simulateCommand(context))
    .addCommand(applyCommand(context))
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

function describe({ version, createdAt, author, reason }: PolicyVersion): string[] {
  return [`version ${version}`, createdAt.toISOString(), author, reason]
}

function toJson({ version, policy, author, reason, createdAt }: PolicyVersion, rail: Rail) {
  const created_at = createdAt.toISOString()
  return { version, author, reason, created_at, policy: formatPolicy(policy, rail) }
}
