import type { Command } from 'commander'
import { formatAmount } from '../../domain/amount.ts'
import type { Rail } from '../../domain/chain.ts'
import { ruleText } from '../../domain/rule-text.ts'
import { diffPolicies, type Stretch } from '../../treasury/policy-diff.ts'
import { boundText, ruleJson } from '../../treasury/trial-json.ts'
import { print, table, withDatabase, type CliContext, type JsonOption } from '../context.ts'
import { knownRail } from '../lookup.ts'
import { describeAmounts } from './describe-amounts.ts'
import { candidateCommand, enabledPolicy, readCandidate } from './policy-subject.ts'

export function diffCommand(context: CliContext): Command {
  return candidateCommand('diff')
    .description('compare a policy file with the policy in force, band by band')
    .action(async (environment: string, railId: string, options: JsonOption & { file: string }) => {
      const { rail } = knownRail(railId)
      const candidate = await readCandidate(options.file, rail)
      const { version, policy } = await withDatabase(context, (db) =>
        enabledPolicy(db, environment, rail),
      )
      const stretches = diffPolicies(policy, candidate)
      const minimum = {
        in_force: formatAmount(policy.minimumAmount, rail.decimals),
        candidate: formatAmount(candidate.minimumAmount, rail.decimals),
      }
      const bands = stretches.map((stretch) => toJson(stretch, rail))
      const lines = [
        `minimum: ${minimum.in_force}${minimum.candidate === minimum.in_force ? '' : ` → ${minimum.candidate}`}`,
        ...table([
          ['amount', `in force (version ${version})`, 'candidate', ''],
          ...stretches.map((stretch) => toRow(stretch, rail)),
        ]),
      ]
      const json = { environment, rail: rail.id, version, minimum, bands }
      print(context, { json, lines }, options)
    })
}

function toRow({ above, upTo, inForce, candidate, isChanged }: Stretch, rail: Rail): string[] {
  const rules = [ruleText(inForce), ruleText(candidate)]
  return [describeAmounts(above, upTo, rail), ...rules, isChanged ? 'changed' : 'same']
}

function toJson({ above, upTo, inForce, candidate, isChanged }: Stretch, rail: Rail) {
  return {
    above: boundText(above, rail),
    up_to: boundText(upTo, rail),
    in_force: ruleJson(inForce),
    candidate: ruleJson(candidate),
    changed: isChanged,
  }
}
