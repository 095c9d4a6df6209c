import { Command } from 'commander'
import { readCursor } from '../block/block-store.ts'
import type { Chain } from '../domain/chain.ts'
import { AppError } from '../domain/error.ts'
import { FIELDS } from '../http/fields.ts'
import { listRescans, type Rescan, requestRescan } from '../match/rescan-store.ts'
import type { Tx } from '../store/database.ts'
import { by, WHOLE_NUMBER } from './argument.ts'
import { makeChange } from './change.ts'
import { print, table, withDatabase, type CliContext, type JsonOption } from './context.ts'
import { allChains, knownChain } from './lookup.ts'

const LIST_MAX = 100

interface RequestOptions extends JsonOption {
  readonly from: number
  readonly to?: number
  readonly reason: string
}

interface Range {
  readonly from: number
  readonly to: number
}

/** `rescan <chain>` is the default command, so that `rescan list` does not ask for the options of the other. */
export function rescanCommand(context: CliContext): Command {
  return new Command('rescan')
    .description(
      'read blocks again for deposits that were missed; what is known already stays as it is',
    )
    .usage('<chain> --from <height> [--to <height>] --reason <text> | list')
    .addCommand(requestCommand(context), { isDefault: true })
    .addCommand(listCommand(context))
}

function requestCommand(context: CliContext): Command {
  return new Command('request')
    .description('ask for a rescan; the running daemon does it beside following the head')
    .argument('<chain>', 'such as ethereum')
    .requiredOption('--from <height>', 'first block to read', by(WHOLE_NUMBER))
    .option('--to <height>', 'last block to read; our last one if left out', by(WHOLE_NUMBER))
    .requiredOption('--reason <text>', 'why; it is kept on record', by(FIELDS.description.min(1)))
    .option('--json', 'print JSON')
    .action(async (name: string, options: RequestOptions) => {
      const chain = knownChain(name)
      const { reason } = options
      const { range, taken } = await makeChange(context, async ({ tx, now, audit }) => {
        const range = await withinView(tx, chain, options)
        const taken = await requestRescan(tx, { chainId: chain.id, ...range, reason, now })
        const detail = { ...range, reason }
        const action = 'rescan.requested'
        if (taken) await audit({ environment: null, action, subject: chain.id, detail })
        return { range, taken }
      })
      const blocks = `blocks ${range.from} to ${range.to} of ${chain.slug}`
      const line = taken ? `will read ${blocks} again` : `an open rescan covers ${blocks} already`
      print(
        context,
        { json: { chain: chain.slug, ...range, requested: taken }, lines: [line] },
        options,
      )
    })
}

/** Nothing above our last block: those will be read anyway, and a rescan waiting for them would never end. */
async function withinView(
  tx: Tx,
  chain: Chain,
  { from, to = Infinity }: { from: number; to?: number },
): Promise<Range> {
  const cursor = await readCursor(tx, chain.id)
  if (cursor === null) {
    throw new AppError(
      'invalid_request',
      `chain: ${chain.slug} has no block yet, so there is nothing to read again; start "settled serve"`,
    )
  }
  if (from > cursor.height) {
    throw new AppError(
      'invalid_request',
      `--from: ${from} is above our last block, ${cursor.height}; what comes is read anyway, so use ${cursor.height} or less`,
    )
  }
  if (to < from) {
    throw new AppError('invalid_request', `--to: ${to} is below --from, ${from}; swap the two`)
  }
  return { from, to: Math.min(to, cursor.height) }
}

function listCommand(context: CliContext): Command {
  return new Command('list')
    .description(`list rescans and how far they have come, newest first, ${LIST_MAX} at most`)
    .option('--json', 'print JSON')
    .action(async (options: JsonOption) => {
      const rescans = await withDatabase(context, (db) => listRescans(db, LIST_MAX))
      const slugs = new Map(allChains().map(({ id, slug }) => [id, slug]))
      const json = rescans.map((rescan) => toJson(rescan, slugs.get(rescan.chainId)))
      print(context, { json, lines: table(json.map(describe)) }, options)
    })
}

type RescanJson = ReturnType<typeof toJson>

function toJson(rescan: Rescan, slug: string | undefined) {
  return {
    id: String(rescan.id),
    chain: slug ?? rescan.chainId,
    from: rescan.from,
    to: rescan.to,
    next: rescan.next,
    reason: rescan.reason,
    requested_at: rescan.requestedAt.toISOString(),
    finished_at: rescan.finishedAt?.toISOString() ?? null,
  }
}

function describe({ id, chain, from, to, next, finished_at, reason }: RescanJson): string[] {
  const progress = finished_at === null ? `open, next ${next}` : `finished ${finished_at}`
  return [id, chain, `${from}–${to}`, progress, reason]
}
