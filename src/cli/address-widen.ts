import { Command } from 'commander'
import { AppError } from '../domain/error.ts'
import { addressView } from '../http/address-view.ts'
import { FIELDS } from '../http/fields.ts'
import { widenAddress } from '../match/widen-store.ts'
import { by, WHOLE_NUMBER } from './argument.ts'
import { makeChange } from './change.ts'
import { print, type CliContext, type JsonOption } from './context.ts'
import { allRails, knownEnvironment, knownRail } from './lookup.ts'

export function widenCommand(context: CliContext): Command {
  return new Command('widen')
    .description('search earlier blocks too for payments to a registered address')
    .argument('<environment>')
    .argument('<rail>', 'such as ethereum/usdt', by(FIELDS.rail))
    .argument('<address>', 'in the form of its chain', by(FIELDS.address))
    .requiredOption('--from <height>', 'the first block to search', by(WHOLE_NUMBER))
    .option('--json', 'print JSON')
    .action(
      async (
        environment: string,
        railId: string,
        text: string,
        options: JsonOption & { readonly from: number },
      ) => {
        const rails = allRails()
        const rail = knownRail(railId).rail.id
        const address = rails.parseAddress(text, rail)
        const { from } = options
        const view = await makeChange(context, async ({ tx, now, audit }) => {
          await knownEnvironment(tx, environment)
          const widened = await widenAddress(tx, { environment, rail, address, from, now })
          if (widened.status === 'unknown') {
            throw new AppError(
              'not_found',
              `address: ${text} is not registered in ${environment} on ${rail}; see "settled address add"`,
            )
          }
          if (widened.status === 'narrower') {
            throw new AppError(
              'invalid_request',
              `--from: ${from} is searched for it already; to read those blocks again: settled rescan`,
            )
          }
          const view = addressView(widened.record, rails)
          const action = 'address.widened'
          await audit({ environment, action, subject: view.id, detail: { watch_from: from } })
          return view
        })
        const line = `${view.address} is searched for from block ${from} on; see "settled rescan list"`
        print(context, { json: view, lines: [line] }, options)
      },
    )
}
