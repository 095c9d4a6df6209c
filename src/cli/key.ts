import { Command } from 'commander'
import { AppError } from '../domain/error.ts'
import { createApiKey, listApiKeys, revokeApiKey } from '../environment/api-key-store.ts'
import { makeChange } from './change.ts'
import { print, table, withDatabase, type CliContext, type JsonOption } from './context.ts'
import { knownEnvironment } from './lookup.ts'

export function keyCommand(context: CliContext): Command {
  return new Command('key')
    .description('API keys: who may speak for an environment')
    .addCommand(createCommand(context))
    .addCommand(listCommand(context))
    .addCommand(revokeCommand(context))
}

function createCommand(context: CliContext): Command {
  return new Command('create')
    .description('create a key and show it, this once')
    .argument('<environment>')
    .requiredOption('--name <name>', 'what or whom the key is for')
    .option('--json', 'print JSON')
    .action(async (id: string, options: JsonOption & { name: string }) => {
      const { name } = options
      const created = await makeChange(context, async ({ tx, audit }) => {
        const environment = await knownEnvironment(tx, id)
        const key = await createApiKey(tx, { environment, name, env: context.env })
        await audit({
          environment: id,
          action: 'api_key.created',
          subject: key.id,
          detail: { name },
        })
        return key
      })
      const lines = [created.key, `It is ${created.id} and will not be shown again.`]
      print(context, { json: { ...created, name }, lines }, options)
    })
}

function listCommand(context: CliContext): Command {
  return new Command('list')
    .description('list the keys of an environment, without the keys themselves')
    .argument('<environment>')
    .option('--json', 'print JSON')
    .action(async (id: string, options: JsonOption) => {
      const keys = await withDatabase(context, async (db) => {
        const environment = await knownEnvironment(db, id)
        return listApiKeys(db, environment.id)
      })
      const json = keys.map((key) => ({
        id: key.id,
        name: key.name,
        created_at: key.createdAt.toISOString(),
        revoked_at: key.revokedAt?.toISOString() ?? null,
      }))
      const lines = table(
        json.map((key) => [
          key.id,
          key.revoked_at === null ? 'valid' : `revoked ${key.revoked_at}`,
          key.name,
        ]),
      )
      print(context, { json, lines }, options)
    })
}

function revokeCommand(context: CliContext): Command {
  return new Command('revoke')
    .description('revoke a key; it is dead at once')
    .argument('<environment>')
    .argument('<key-id>', 'key_…')
    .option('--json', 'print JSON')
    .action(async (environment: string, id: string, options: JsonOption) => {
      await makeChange(context, async ({ tx, now, audit }) => {
        if (!(await revokeApiKey(tx, { environment, id, now }))) {
          throw new AppError(
            'not_found',
            `${environment} has no valid key "${id}": see "settled key list ${environment}"`,
          )
        }
        await audit({ environment, action: 'api_key.revoked', subject: id })
      })
      print(context, { json: { id, revoked: true }, lines: [`revoked ${id}`] }, options)
    })
}
