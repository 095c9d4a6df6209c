import type { Command } from 'commander'
import { savePolicy, type PolicyInForce } from '../../confirmation/policy-store.ts'
import { FIELDS } from '../../http/fields.ts'
import { describeShortage, remedyOf, shortageOf } from '../../provider-shortage.ts'
import { by } from '../argument.ts'
import { makeChange } from '../change.ts'
import { print, type CliContext, type JsonOption } from '../context.ts'
import { knownRail, watchedChain } from '../lookup.ts'
import { candidateCommand, enabledPolicy, readCandidate } from './policy-subject.ts'

export function applyCommand(context: CliContext): Command {
  return candidateCommand('apply')
    .description('put a policy file in force, for deposits detected from now on')
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
        const policy = await readCandidate(options.file, rail)
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

/** Null as well where this terminal was not told the providers of the chain. */
function warningOf({ variables }: CliContext, policy: PolicyInForce): string | null {
  const chain = watchedChain(variables, policy.rail.chainId)
  const shortage = chain && shortageOf(chain, policy)
  return shortage && `${policy.rail.id}: ${describeShortage(shortage)}; ${remedyOf(shortage)}`
}
