import type { Readable } from 'node:stream'
import { AppError } from '../domain/error.ts'
import { appendAudit } from '../environment/audit-store.ts'
import { railsOf } from '../environment/environment-store.ts'
import { required } from '../lib/assert.ts'
import { registerAddresses, type Registration } from '../match/address-store.ts'
import { asksBelowStart } from '../match/history-store.ts'
import type { Tx } from '../store/database.ts'
import {
  addressTaken,
  AddressRequest,
  askedTooEarly,
  checkEntry,
  type CheckedEntry,
  type Registrar,
} from './address-request.ts'
import type { RouteDeps } from './deps.ts'
import { readLines, type Line } from './ndjson.ts'
import { problem, problemOf, problemOfIssues, type Problem } from './problem.ts'

/** Lines per transaction: 5,000 rows insert in some 30 ms, which is how long a block has to wait for them. */
const BATCH_LINES = 5_000
/** The longest legitimate line is some 500 bytes. */
export const LINE_BYTES_MAX = 2_048
export const LINES_MAX = 1_000_000

export type BulkDeps = Pick<RouteDeps, 'db' | 'env' | 'rails' | 'log'>
/** Each batch has a time of its own. */
export type BulkRegistrar = Omit<Registrar, 'now'>

interface Row extends CheckedEntry {
  readonly line: number
}

interface Refusal {
  readonly line: number
  readonly problem: Problem
}

interface Tally {
  created: number
  existing: number
  refused: number
}

/**
 * Registers line after line and yields the answer, piece by piece: a line for each refused row, in order, and a
 * last line with the totals. A batch is one transaction. A row that is refused is never part of one, so it
 * neither stops its neighbours nor is half-written. Sending the same stream again is harmless: what was written
 * is then `existing`. Without the last line, or with `error` in it, the stream has not been read to its end.
 */
export async function* registerInBulk(
  deps: BulkDeps,
  registrar: BulkRegistrar,
  stream: Readable,
): AsyncGenerator<string> {
  const tally: Tally = { created: 0, existing: 0, refused: 0 }
  let error: Problem | undefined
  try {
    const enabled = await railsOf(deps.db, registrar.environment)
    for await (const lines of inBatches(readLines(stream, LINE_BYTES_MAX))) {
      const checked = lines.map((line) => check(line, deps, enabled))
      const rows = checked.filter((one) => 'entry' in one)
      const refusals = checked.filter((one) => 'problem' in one)
      refusals.push(...(await registerBatch(deps, registrar, rows, tally)))
      tally.refused += refusals.length
      const all = refusals.toSorted((a, b) => a.line - b.line)
      if (all.length > 0) yield all.map(refusalLine).join('')
    }
  } catch (cause) {
    // A sender that went away reads no answer, and is no failure of ours.
    if (stream.errored !== null) return
    error = problemOf(cause) ?? problem('internal', 'settled failed; send the stream again')
    if (error.code === 'internal') deps.log.error({ err: cause }, 'bulk registration failed')
  }
  yield `${JSON.stringify({ ...tally, ...(error && { error }) })}\n`
}

async function* inBatches(lines: AsyncIterable<Line>): AsyncGenerator<Line[]> {
  let batch: Line[] = []
  for await (const line of lines) {
    if (line.number > LINES_MAX) {
      if (batch.length > 0) yield batch
      throw new AppError(
        'payload_too_large',
        `line ${LINES_MAX + 1} and what follows were not read: send at most ${LINES_MAX} lines per request`,
      )
    }
    batch.push(line)
    if (batch.length < BATCH_LINES) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

function check(line: Line, { rails }: BulkDeps, enabled: ReadonlySet<string>): Row | Refusal {
  const { number, text, reason } = line
  if (text === null) return { line: number, problem: badLine(reason) }
  try {
    const parsed = AddressRequest.safeParse(JSON.parse(text))
    if (!parsed.success) return { line: number, problem: problemOfIssues(parsed.error.issues) }
    return { line: number, ...checkEntry(parsed.data, rails, enabled) }
  } catch (error) {
    if (error instanceof SyntaxError) {
      return { line: number, problem: badLine('is not JSON') }
    }
    const refused = problemOf(error)
    if (refused === null) throw error
    return { line: number, problem: refused }
  }
}

function badLine(detail: string): Problem {
  const remedy = 'send one address per line'
  return problem('invalid_request', `line: ${detail}; ${remedy}`, [
    { field: 'line', detail, remedy },
  ])
}

/** Returns the rows that belong to another owner, and those that ask for too much; counts the others. */
async function registerBatch(
  deps: BulkDeps,
  registrar: BulkRegistrar,
  rows: readonly Row[],
  tally: Tally,
): Promise<Refusal[]> {
  // In one order of chains for everybody: each takes its chain's row, and two orders could lock each other out.
  const chains = [...new Set(rows.map((row) => row.chainId))].toSorted()
  const answers = await deps.db.transaction().execute(async (tx) => {
    const batches: (Answer | Refusal)[][] = []
    for (const chainId of chains) {
      const ofChain = rows.filter((row) => row.chainId === chainId)
      batches.push(await registerOnChain(tx, deps, registrar, ofChain))
    }
    return batches.flat()
  })
  const registered = answers.filter((one) => 'status' in one)
  const count = (wanted: Registration['status']) =>
    registered.filter(({ status }) => status === wanted).length
  tally.created += count('created')
  tally.existing += count('exists')
  const taken = registered
    .filter(({ status }) => status === 'taken')
    .map(({ line, record }) => {
      const { codec } = deps.rails.recorded(record.rail)
      return refusal(line, addressTaken(codec.formatAddress(record.address), record.rail))
    })
  return [...answers.filter((one) => 'problem' in one), ...taken]
}

function refusal(line: number, error: AppError): Refusal {
  return { line, problem: required(problemOf(error), `${error.code} is the caller’s to mend`) }
}

type Answer = Registration & { readonly line: number }

async function registerOnChain(
  tx: Tx,
  { env }: BulkDeps,
  registrar: BulkRegistrar,
  rows: readonly Row[],
): Promise<(Answer | Refusal)[]> {
  const { environment, actor } = registrar
  const now = env.clock.now()
  const chainId = required(rows[0], 'a chain is listed because of its rows').chainId
  const refused = await tooEarly(tx, registrar, rows)
  const lines = new Set(refused.map(({ line }) => line))
  const kept = rows.filter(({ line }) => !lines.has(line))
  const entries = kept.map((row) => row.entry)
  const registrations = await registerAddresses(tx, { environment, chainId, now, entries })
  const changes = [
    ['addresses.registered', 'created', registrations.filter((it) => it.status === 'created')],
    ['addresses.widened', 'widened', registrations.filter((it) => it.widened)],
  ] as const
  for (const [action, word, { length }] of changes) {
    if (length === 0) continue
    const detail = { [word]: length }
    await appendAudit(tx, { environment, actor, action, subject: chainId, detail, now })
  }
  const answers = kept.map(({ line }, index) => ({
    line,
    ...required(registrations[index], 'every entry has an answer'),
  }))
  return [...refused, ...answers]
}

/** Of rows of one chain: those whose history is not the registrar's to ask for. */
async function tooEarly(
  tx: Tx,
  { environment, isOperator }: BulkRegistrar,
  rows: readonly Row[],
): Promise<Refusal[]> {
  if (isOperator) return []
  const { chainId } = required(rows[0], 'a chain is listed because of its rows')
  const entries = rows.map((row) => row.entry)
  const starts = await asksBelowStart(tx, { environment, chainId, entries })
  return rows.flatMap(({ line, entry }, index) => {
    const start = starts.get(index)
    return start === undefined ? [] : [refusal(line, askedTooEarly(entry, start))]
  })
}

function refusalLine({ line, problem: { code, detail, errors } }: Refusal): string {
  return `${JSON.stringify({ line, code, detail, errors })}\n`
}
