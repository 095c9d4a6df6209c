import { Command, Option } from 'commander'
import { currentPolicy, savePolicy } from '../confirmation/policy-store.ts'
import {
  createEnvironment,
  enableRail,
  listEnvironments,
  railsOf,
  type EnvironmentKind,
} from '../environment/environment-store.ts'
import { makeChange } from './change.ts'
import { print, table, withDatabase, type CliContext, type JsonOption } from './context.ts'
import { knownEnvironment, knownRail } from './lookup.ts'

export function envCommand(context: CliContext): Command {
  return new Command('env')
    .description("environments: a merchant's separate sets of credentials, rails and policies")
    .addCommand(createCommand(context))
    .addCommand(listCommand(context))
    .addCommand(enableRailCommand(context))
}

function createCommand(context: CliContext): Command {
  return new Command('create')
    .description('create an environment')
    .argument('<environment>', 'its id, such as acme-live')
    .addOption(
      new Option('--kind <kind>', 'live or test').choices(['live', 'test']).makeOptionMandatory(),
    )
    .option('--json', 'print JSON')
    .action(async (id: string, options: JsonOption & { kind: EnvironmentKind }) => {
      const { kind } = options
      await makeChange(context, async ({ tx, now, audit }) => {
        await createEnvironment(tx, { id, kind, now })
        const action = 'environment.created'
        await audit({ environment: id, action, subject: id, detail: { kind } })
      })
      print(context, { json: { id, kind }, lines: [`created ${id} (${kind})`] }, options)
    })
}

function listCommand(context: CliContext): Command {
  return new Command('list')
    .description('list environments and their rails')
    .option('--json', 'print JSON')
    .action(async (options: JsonOption) => {
      const environments = await withDatabase(context, async (db) => {
        const found = await listEnvironments(db)
        const rails = await Promise.all(found.map(({ id }) => railsOf(db, id)))
        return found.map(({ id, kind }, index) => ({ id, kind, rails: [...(rails[index] ?? [])] }))
      })
      const lines = table(environments.map(({ id, kind, rails }) => [id, kind, rails.join(', ')]))
      print(context, { json: environments, lines }, options)
    })
}

/** Also writes version 1 of the policy, the chain file's default: from then on the environment owns it. */
function enableRailCommand(context: CliContext): Command {
  return new Command('enable-rail')
    .description("let an environment use a rail, under the rail's default policy")
    .argument('<environment>')
    .argument('<rail>', 'such as ethereum/usdt')
    .option('--json', 'print JSON')
    .action(async (environment: string, railId: string, options: JsonOption) => {
      const { rail, defaultPolicy } = knownRail(railId)
      const enabled = await makeChange(context, async ({ tx, now, actor, audit }) => {
        await knownEnvironment(tx, environment)
        if (!(await enableRail(tx, { environment, rail: rail.id, now }))) return false
        if ((await currentPolicy(tx, environment, rail)) === null) {
          const reason = `the default of chains/${rail.id}.yaml`
          await savePolicy(tx, {
            environment,
            rail,
            now,
            reason,
            policy: defaultPolicy,
            author: actor,
          })
        }
        await audit({ environment, action: 'rail.enabled', subject: rail.id })
        return true
      })
      const line = enabled ? `enabled ${rail.id}` : `${rail.id} was enabled before`
      print(
        context,
        { json: { environment, rail: rail.id, enabled }, lines: [`${line} for ${environment}`] },
        options,
      )
    })
}
