import { Command, Option } from 'commander'
import { getDelivery } from '../delivery/delivery-page-store.ts'
import { refuseGone, replay, type Replay } from '../delivery/replay-store.ts'
import { AppError } from '../domain/error.ts'
import { FIELDS } from '../http/fields.ts'
import type { Tx } from '../store/database.ts'
import { by, WHOLE_NUMBER } from './argument.ts'
import { makeChange } from './change.ts'
import { print, type CliContext, type JsonOption } from './context.ts'
import { knownEnvironment } from './lookup.ts'

interface ReplayOptions extends JsonOption {
  readonly event?: string
  readonly delivery?: string
  readonly endpoint?: string
  readonly fromSeq?: number
  readonly toSeq?: number
}

export function replayCommand(context: CliContext): Command {
  const command = new Command('replay')
    .description('send events again, under the ids they always had')
    .argument('<environment>')
    .addOption(
      new Option('--event <id>', 'one event, to every endpoint it was for')
        .argParser(by(FIELDS.event_id))
        .conflicts(['delivery', 'endpoint']),
    )
    .addOption(
      new Option('--delivery <id>', 'one event, to one endpoint')
        .argParser(by(FIELDS.delivery_id))
        .conflicts(['event', 'endpoint']),
    )
    .addOption(
      new Option('--endpoint <id>', 'a range of the feed, to one endpoint')
        .argParser(by(FIELDS.endpoint_id))
        .conflicts(['event', 'delivery']),
    )
    .option('--from-seq <seq>', 'with --endpoint: the first event', by(WHOLE_NUMBER))
    .option('--to-seq <seq>', 'with --endpoint: the last event', by(WHOLE_NUMBER))
    .option('--json', 'print JSON')
  return command.action(async (environment: string, options: ReplayOptions) => {
    const what = readTarget(options)
    if (what === null) {
      return command.error(
        'error: name --event, --delivery, or --endpoint with --from-seq and --to-seq',
      )
    }
    const replayed = await makeChange(context, async ({ tx, now, audit }) => {
      await knownEnvironment(tx, environment)
      const subject = await checkTarget(tx, environment, what)
      const count = await replay(tx, environment, what, now)
      if (count === 0) throw nothingToSend(subject)
      const action = 'delivery.replayed'
      await audit({ environment, action, subject, detail: { ...what, count } })
      return count
    })
    const lines = [`${replayed} ${replayed === 1 ? 'delivery is' : 'deliveries are'} due again`]
    print(context, { json: { replayed }, lines }, options)
  })
}

/** Null unless exactly one thing is named, with all that belongs to it. */
function readTarget(options: ReplayOptions): Replay | null {
  const { event, delivery, endpoint, fromSeq, toSeq } = options
  if (endpoint !== undefined && fromSeq !== undefined && toSeq !== undefined) {
    return { endpointId: endpoint, fromSeq, toSeq }
  }
  if (endpoint !== undefined || fromSeq !== undefined || toSeq !== undefined) return null
  if (delivery !== undefined) return { deliveryId: Number(delivery) }
  return event === undefined ? null : { eventId: event }
}

/** Throws unless there is something to send and somebody to send it to; returns the subject of the audit entry. */
async function checkTarget(tx: Tx, environment: string, what: Replay): Promise<string> {
  if ('eventId' in what) return what.eventId
  if ('deliveryId' in what) {
    const delivery = await getDelivery(tx, environment, what.deliveryId)
    if (delivery === null) {
      throw new AppError('not_found', `${environment} has no delivery ${what.deliveryId}`)
    }
    await refuseGone(tx, environment, delivery.endpointId)
    return String(delivery.id)
  }
  const { endpointId, fromSeq, toSeq } = what
  if (toSeq < fromSeq) {
    throw new AppError(
      'invalid_request',
      `--to-seq: ${toSeq} is below --from-seq, ${fromSeq}; swap the two`,
    )
  }
  await refuseGone(tx, environment, endpointId)
  return endpointId
}

function nothingToSend(subject: string): AppError {
  return new AppError(
    'not_found',
    `nothing of ${subject} can be sent: no such event, or no endpoint takes it; see "settled endpoint list"`,
  )
}
