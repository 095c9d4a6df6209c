import { Command } from 'commander'
import { railsOf } from '../environment/environment-store.ts'
import { checkEntry, registerOne } from '../http/address-request.ts'
import { addressView, type AddressView } from '../http/address-view.ts'
import { FIELDS } from '../http/fields.ts'
import { listAddresses } from '../match/address-store.ts'
import { by, WHOLE_NUMBER } from './argument.ts'
import { makeChange } from './change.ts'
import { print, table, withDatabase, type CliContext, type JsonOption } from './context.ts'
import { allRails, knownEnvironment } from './lookup.ts'

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
    .description('deposit addresses: where customers pay; many at once go in over the API')
    .addCommand(addCommand(context))
    .addCommand(listCommand(context))
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
      const { created, view } = await makeChange(context, async ({ tx, now, actor }) => {
        await knownEnvironment(tx, environment)
        const requested = { rail, address, owner, watch_from: watchFrom }
        const checked = checkEntry(requested, rails, await railsOf(tx, environment))
        return registerOne(tx, checked, { environment, actor, now }, rails)
      })
      const line = created ? 'registered' : 'was registered before:'
      const lines = [`${line} ${view.address} on ${rail} for ${view.owner} (${view.id})`]
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

function describe({ id, rail, address, owner, registered_at }: AddressView): string[] {
  return [id, rail, address, owner, registered_at]
}
