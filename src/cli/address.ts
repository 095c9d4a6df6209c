import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { Command } from 'commander'
import { AppError } from '../domain/error.ts'
import { railsOf } from '../environment/environment-store.ts'
import { checkEntry, registerOne } from '../http/address-request.ts'
import { addressView, type AddressView } from '../http/address-view.ts'
import { registerInBulk } from '../http/bulk-registration.ts'
import { FIELDS } from '../http/fields.ts'
import { listAddresses } from '../match/address-store.ts'
import { createLogger } from '../telemetry/logger.ts'
import { by, WHOLE_NUMBER } from './argument.ts'
import { actorOf, makeChange } from './change.ts'
import { print, table, withDatabase, type CliContext, type JsonOption } from './context.ts'
import { allRails, knownEnvironment } from './lookup.ts'
import { warnOfUnfollowed } from './unfollowed.ts'

const LIST_MAX = 1_000

interface AddOptions extends JsonOption {
  readonly owner: string
  readonly watchFrom?: number
}

interface ListOptions extends JsonOption {
  readonly owner?: string
  readonly rail?: string
}

export function addressCommand(context: CliContext): Command {
  return new Command('address')
    .description('deposit addresses: where customers pay')
    .addCommand(addCommand(context))
    .addCommand(listCommand(context))
    .addCommand(importCommand(context))
}

function addCommand(context: CliContext): Command {
  return new Command('add')
    .description('register an address; effective at once')
    .argument('<environment>')
    .argument('<rail>', 'such as ethereum/usdt', by(FIELDS.rail))
    .argument('<address>', 'in the form of its chain', by(FIELDS.address))
    .requiredOption('--owner <owner>', 'your own id for whoever pays here', by(FIELDS.owner))
    .option('--watch-from <height>', 'also search the blocks from here on', by(WHOLE_NUMBER))
    .option('--json', 'print JSON')
    .action(async (environment: string, rail: string, address: string, options: AddOptions) => {
      const { owner, watchFrom } = options
      const rails = allRails()
      const { created, widened, view } = await makeChange(context, async ({ tx, now, actor }) => {
        await knownEnvironment(tx, environment)
        const requested = { rail, address, owner, watch_from: watchFrom }
        const checked = checkEntry(requested, rails, await railsOf(tx, environment))
        const registrar = { environment, actor, now, isOperator: true }
        const registered = await registerOne(tx, checked, registrar, rails)
        await warnOfUnfollowed(context, tx, [checked.entry.rail])
        return registered
      })
      const line = created ? 'registered' : 'was registered before:'
      const lines = [`${line} ${view.address} on ${rail} for ${view.owner} (${view.id})`]
      if (widened) lines.push(`its blocks from ${watchFrom} on are searched as well now`)
      print(context, { json: { ...view, created }, lines }, options)
    })
}

function listCommand(context: CliContext): Command {
  return new Command('list')
    .description(`list addresses, newest first, ${LIST_MAX} at most`)
    .argument('<environment>')
    .option('--owner <owner>', 'only those of one owner', by(FIELDS.owner))
    .option('--rail <rail>', 'only those on one rail', by(FIELDS.rail))
    .option('--json', 'print JSON')
    .action(async (environment: string, options: ListOptions) => {
      const { owner, rail } = options
      const records = await withDatabase(context, async (db) => {
        await knownEnvironment(db, environment)
        return listAddresses(db, { environment, owner, rail, limit: LIST_MAX })
      })
      const rails = allRails()
      const views = records.map((record) => addressView(record, rails))
      print(context, { json: views, lines: table(views.map(describe)) }, options)
    })
}

/** Prints what the API's bulk registration answers: a line for each refused row, then the totals. */
function importCommand(context: CliContext): Command {
  return new Command('import')
    .description('register the addresses of a file; what is registered already is only counted')
    .argument('<environment>')
    .argument('<file>', 'NDJSON: {"rail":…,"address":…,"owner":…,"watch_from":…} per line')
    .action(async (id: string, file: string) => {
      const totals = await withDatabase(context, async (db) => {
        const { id: environment } = await knownEnvironment(db, id)
        const log = createLogger({ level: 'error', destination: { write: context.writeError } })
        const deps = { db, env: context.env, rails: allRails(), log }
        const registrar = { environment, actor: actorOf(context), isOperator: true }
        const stream = await readable(file)
        await warnOfUnfollowed(context, db, await railsOf(db, environment))
        let last = ''
        for await (const lines of registerInBulk(deps, registrar, stream)) {
          context.write(lines)
          last = lines
        }
        if (stream.errored !== null) throw unreadable(file, stream.errored)
        return JSON.parse(last) as { refused: number; error?: object }
      })
      const { refused, error } = totals
      if (refused > 0 || error !== undefined) throw incomplete(refused)
    })
}

async function readable(file: string): Promise<Readable> {
  try {
    return (await open(file)).createReadStream()
  } catch (cause) {
    throw unreadable(file, cause)
  }
}

function unreadable(file: string, cause: unknown): AppError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new AppError('invalid_request', `file: ${file} cannot be read: ${reason}`, { cause })
}

function incomplete(refused: number): AppError {
  return new AppError(
    'invalid_request',
    `file: not all of it is registered (lines refused: ${refused}); correct them and import it again`,
  )
}

function describe({ id, rail, address, owner, registered_at }: AddressView): string[] {
  return [id, rail, address, owner, registered_at]
}
