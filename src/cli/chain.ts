import { Command } from 'commander'
import { lockCursor, readCursor, retryChain, type Cursor, type Halt } from '../block/block-store.ts'
import { depositsAbove, stakesAbove, type Stake } from '../confirmation/deposit-read-store.ts'
import { formatAmount } from '../domain/amount.ts'
import type { BlockRef } from '../domain/block.ts'
import type { Chain, RailId } from '../domain/chain.ts'
import type { Deposit } from '../domain/deposit.ts'
import { AppError } from '../domain/error.ts'
import { acceptReorg } from '../drift/accept-reorg.ts'
import { FIELDS } from '../http/fields.ts'
import { adapterFor } from '../source/index.ts'
import type { Db } from '../store/database.ts'
import { by, WHOLE_NUMBER } from './argument.ts'
import { makeChange } from './change.ts'
import { print, table, withDatabase, type CliContext, type JsonOption } from './context.ts'
import { allChains, allRailConfigs, knownChain } from './lookup.ts'

const NO_ANCESTOR_REMEDY =
  'docs/finality.md says under "No ancestor is known" what cures it; "settled chain retry" lets the chain look again'

/** Deposits at stake that are named one by one; of all of them there are numbers and sums. */
const NAMED_MAX = 20

interface ResumeOptions extends JsonOption {
  readonly acceptAncestor: number
  readonly reason: string
}

export function chainCommand(context: CliContext): Command {
  return new Command('chain')
    .description('chains: where each one stands, and what to do about one that halted')
    .addCommand(listCommand(context))
    .addCommand(retryCommand(context))
    .addCommand(resumeCommand(context))
}

function listCommand(context: CliContext): Command {
  return new Command('list')
    .description('list chains: last block, finalized block, and why one is halted')
    .option('--json', 'print JSON')
    .action(async (options: JsonOption) => {
      const chains = await withDatabase(context, (db) =>
        Promise.all(allChains().map((chain) => standingOf(db, chain))),
      )
      const json = chains.map(toJson)
      const halts = chains.flatMap(describeHalt)
      print(context, { json, lines: [...table(json.map(describe)), ...halts] }, options)
    })
}

function retryCommand(context: CliContext): Command {
  return new Command('retry')
    .description(
      'let a halted chain look again, when its providers were wrong and have been corrected: nothing that was ' +
        'final is given up, and it halts again if they still contradict it',
    )
    .argument('<chain>', 'such as ethereum')
    .requiredOption('--reason <text>', 'why; it is kept on record', by(FIELDS.description.min(1)))
    .option('--json', 'print JSON')
    .action(async (name: string, options: JsonOption & { readonly reason: string }) => {
      const chain = knownChain(name)
      await makeChange(context, async ({ tx, audit }) => {
        const { halt } = halted(chain, await lockCursor(tx, chain.id))
        await retryChain(tx, chain.id)
        const detail = { reason: options.reason, halt }
        await audit({ environment: null, action: 'chain.retried', subject: chain.id, detail })
      })
      const lines = [`${chain.slug} looks again; see "settled chain list" in a moment.`]
      print(context, { json: { chain: chain.slug, retried: true }, lines }, options)
    })
}

function resumeCommand(context: CliContext): Command {
  return new Command('resume')
    .description(
      'let a halted chain follow its providers, although they contradict what was final: deposits that were ' +
        'final above the common ancestor become "reversed", and consumers are told',
    )
    .argument('<chain>', 'such as ethereum')
    .requiredOption(
      '--accept-ancestor <height>',
      'the common ancestor as "settled chain list" shows it: typing it says that you have read it',
      by(WHOLE_NUMBER),
    )
    .requiredOption('--reason <text>', 'why; it is kept on record', by(FIELDS.description.min(1)))
    .option('--json', 'print JSON')
    .action(async (name: string, options: ResumeOptions) => {
      const chain = knownChain(name)
      const { acceptAncestor, reason } = options
      const accepted = await makeChange(context, async ({ tx, audit }) => {
        const cursor = await lockCursor(tx, chain.id)
        const { ancestor, evidence } = acceptedHalt(chain, cursor, acceptAncestor)
        await acceptReorg(tx, chain.id, ancestor)
        const detail = { reason, ...evidence }
        await audit({ environment: null, action: 'chain.resumed', subject: chain.id, detail })
        return ancestor
      })
      const ancestor = refView(accepted, chain)
      const lines = [
        `${chain.slug} resumes from ${refText(ancestor)}.`,
        'The daemon now follows its providers from there. Deposits that were final above it and are not on',
        'their chain become "reversed": each is an event, to be booked out wherever it was booked in.',
      ]
      print(context, { json: { chain: chain.slug, ancestor }, lines }, options)
    })
}

interface Standing {
  readonly chain: Chain
  readonly cursor: Cursor | null
  /** What a reorg that is followed could take back; null while the chain is not halted. */
  readonly stakes: readonly Stake[] | null
  /** The highest of the deposits concerned. */
  readonly named: readonly Deposit[]
}

async function standingOf(db: Db, chain: Chain): Promise<Standing> {
  const cursor = await readCursor(db, chain.id)
  const halt = cursor?.halt ?? null
  if (halt === null) return { chain, cursor, stakes: null, named: [] }
  const height = halt.ancestor?.height ?? null
  const stakes = await stakesAbove(db, chain.id, height)
  const named = await depositsAbove(db, chain.id, { height, limit: NAMED_MAX })
  return { chain, cursor, stakes, named }
}

type HaltedCursor = Cursor & { readonly halt: Halt }

function halted({ slug }: Chain, cursor: Cursor | null): HaltedCursor {
  if (cursor !== null && cursor.halt !== null) return { ...cursor, halt: cursor.halt }
  throw new AppError(
    'invalid_request',
    `chain: ${slug} is not halted, there is nothing to retry or resume; see "settled chain list"`,
  )
}

/** Throws unless the chain is halted at exactly the ancestor that the person names. */
function acceptedHalt(
  chain: Chain,
  cursor: Cursor | null,
  height: number,
): { ancestor: BlockRef; evidence: object } {
  const { slug } = chain
  const { height: tip, hash, finalized, halt } = halted(chain, cursor)
  const { ancestor } = halt
  if (ancestor === null) {
    throw new AppError(
      'invalid_request',
      `chain: how deep the reorg of ${slug} goes is not known, so there is no ancestor to accept; see "settled chain list" for why: ${NO_ANCESTOR_REMEDY}`,
    )
  }
  if (ancestor.height !== height) {
    throw new AppError(
      'invalid_request',
      `--accept-ancestor: ${height} is not the common ancestor of ${slug}; read "settled chain list" and type the height it shows`,
    )
  }
  return { ancestor, evidence: { halt, tip: { height: tip, hash }, finalized } }
}

function toJson({ chain, cursor, stakes, named }: Standing) {
  const { slug, id } = chain
  const finalized = cursor?.finalized ?? null
  return {
    chain: slug,
    id,
    tip: cursor && refView(cursor, chain),
    tip_time: cursor?.time.toISOString() ?? null,
    start_height: cursor?.startHeight ?? null,
    finalized: finalized && refView(finalized, chain),
    updated_at: cursor?.updatedAt.toISOString() ?? null,
    halt: cursor?.halt ? haltView(cursor.halt, chain) : null,
    halted_at: cursor?.haltedAt?.toISOString() ?? null,
    at_stake: stakes?.map(({ amount, ...stake }) => ({ ...stake, amount: `${amount}` })) ?? null,
    deposits_at_stake: stakes && named.map(depositView),
  }
}

/** Hashes in the form of their chain, as everywhere else. */
function refView({ height, hash }: BlockRef, { family }: Chain) {
  return { height, hash: adapterFor(family).codec.formatHash(hash) }
}

function haltView({ reason, head, ancestor, gone }: Halt, chain: Chain) {
  return {
    reason,
    head: refView(head, chain),
    ancestor: ancestor && refView(ancestor, chain),
    gone: gone === undefined ? null : refView(gone, chain),
  }
}

function depositView({ id, environment, rail, state, height, amount }: Deposit) {
  return { id, environment, rail, state, height, amount: `${amount}` }
}

function describe({ chain, tip, finalized, updated_at, halt }: ReturnType<typeof toJson>) {
  if (tip === null) return [chain, 'no block yet', '', '']
  const state = halt === null ? `moved ${updated_at}` : 'HALTED'
  return [chain, `tip ${tip.height}`, `finalized ${finalized?.height ?? 'nothing yet'}`, state]
}

function describeHalt({ chain, cursor, stakes, named }: Standing): string[] {
  if (cursor === null || cursor.halt === null) return []
  const { slug } = chain
  const { reason, head, ancestor } = haltView(cursor.halt, chain)
  const next =
    ancestor === null
      ? NO_ANCESTOR_REMEDY
      : `find out why; if the providers were wrong and are corrected: settled chain retry ${slug} --reason …; to follow them: settled chain resume ${slug} --accept-ancestor ${ancestor.height} --reason …`
  return [
    '',
    `${slug} is halted since ${cursor.haltedAt?.toISOString() ?? 'an unknown time'}: ${reason}`,
    `  the providers' head   ${refText(head)}`,
    `  common ancestor       ${ancestor === null ? 'not known' : refText(ancestor)}`,
    `  depth                 ${describeDepth(cursor.height, cursor.halt)}`,
    ...describeStakes(stakes ?? []),
    ...describeNamed(named),
    `  what to do            ${next}`,
  ]
}

/** In blocks of ours. Between two that we know of, and kept no headers, it is known only so far. */
function describeDepth(tip: number, { ancestor, gone }: Halt): string {
  const least = gone === undefined ? 1 : tip - gone.height + 1
  if (ancestor === null) return `at least ${least} blocks`
  const most = tip - ancestor.height
  return most === least
    ? `${most} blocks`
    : `${least} to ${most} blocks; all of these are read again`
}

/** Deposits above the common ancestor: those that are not on the providers' chain fall if it is followed. */
function describeStakes(stakes: readonly Stake[]): string[] {
  if (stakes.length === 0) return ['  at stake              no deposit lies above it']
  const rows = stakes.map(({ rail, state, deposits, amount }) => [
    rail,
    `${deposits} ${state}`,
    sumOf(rail, amount),
  ])
  return labelled('at stake', table(rows))
}

function describeNamed(named: readonly Deposit[]): string[] {
  const heading = named.length < NAMED_MAX ? 'which are' : `the highest ${NAMED_MAX}`
  const rows = named.map(({ id, environment, rail, state, height, amount }) => [
    id,
    environment,
    state,
    `in block ${height}`,
    sumOf(rail, amount),
  ])
  return labelled(heading, table(rows))
}

function sumOf(id: RailId, amount: bigint): string {
  const rail = allRailConfigs().find((config) => config.rail.id === id)?.rail
  return rail ? `${formatAmount(amount, rail.decimals)} ${rail.symbol}` : `${amount} base units`
}

function labelled(label: string, rows: readonly string[]): string[] {
  return rows.map((row, index) => `  ${(index === 0 ? label : '').padEnd(22)}${row}`)
}

function refText({ height, hash }: ReturnType<typeof refView>): string {
  return `${height} ${hash}`
}
