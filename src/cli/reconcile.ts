import { Command } from 'commander'
import { AppError } from '../domain/error.ts'
import type { Finding } from '../domain/finding.ts'
import { listFindings } from '../drift/finding-read-store.ts'
import { railsOf } from '../environment/environment-store.ts'
import { count } from '../explain/words.ts'
import type { Db } from '../store/database.ts'
import { closeDay, type Book } from '../treasury/closing/close-day.ts'
import { dayOf, hasEnded, type Day } from '../treasury/closing/day.ts'
import { digestOf } from '../treasury/closing/digest.ts'
import { statementOf } from '../treasury/closing/statement.ts'
import { by, DAY } from './argument.ts'
import { print, withDatabase, type CliContext, type JsonOption } from './context.ts'
import { writeCsv } from './csv.ts'
import { allRails, knownEnvironment } from './lookup.ts'
import {
  reconciliationCells,
  reconciliationJson,
  reconciliationLines,
  type Reconciliation,
} from './reconcile/reconciliation-report.ts'
import { verifyDay } from './reconcile/verify.ts'

/** So many can be listed; which of them are open is not known of more. */
const FINDINGS_MAX = 1_000

interface ReconcileOptions extends JsonOption {
  readonly environment: string
  readonly day: string
  readonly verify?: boolean
  readonly csv?: string
}

export function reconcileCommand(context: CliContext): Command {
  return new Command('reconcile')
    .description('close a day: every balance tied to its movements, the chain and the events')
    .requiredOption('--environment <environment>', 'such as acme-live')
    .requiredOption('--day <day>', 'a UTC day that is over, such as 2026-11-20', by(DAY))
    .option('--verify', "ask the chains' providers again about every deposit that moved")
    .option('--json', 'print JSON')
    .option('--csv <file>', 'write CSV as well')
    .action(async (options: ReconcileOptions) => {
      const rails = allRails()
      const book: Book = (rail) => rails.recorded(rail)
      const day = endedDay(context, options.day)
      const reconciliation = await reconcile(context, { day, book, options })
      if (options.csv !== undefined) {
        await writeCsv(options.csv, reconciliationCells(reconciliation, book))
      }
      const lines = reconciliationLines(reconciliation, book)
      print(context, { json: reconciliationJson(reconciliation), lines }, options)
      refuseToClose(reconciliation)
    })
}

function endedDay({ env }: CliContext, name: string): Day {
  const day = dayOf(name)
  if (hasEnded(day, env.clock.now())) return day
  throw new AppError(
    'invalid_request',
    `--day: ${name} is not over in UTC, or not for a minute yet; name an earlier one`,
  )
}

interface Wanted {
  readonly day: Day
  readonly book: Book
  readonly options: ReconcileOptions
}

async function reconcile(
  context: CliContext,
  { day, book, options }: Wanted,
): Promise<Reconciliation> {
  const { environment } = options
  const readAt = context.env.clock.now()
  const { closed, findings } = await withDatabase(context, async (db) => {
    await knownEnvironment(db, environment)
    return {
      closed: await closeDay(db, { environment, day }, book),
      findings: await standingFindings(db, environment, book),
    }
  })
  const verification = options.verify === true ? await verifyDay(context, closed, book) : null
  const statement = statementOf(closed, book)
  return {
    closed,
    statement,
    digest: digestOf(statement),
    readAt,
    verification,
    differences: [...closed.differences, ...(verification?.differences ?? [])],
    findings,
  }
}

/** Those of the environment, and those that concern everybody on a chain it uses: one more than can be listed. */
async function standingFindings(db: Db, environment: string, book: Book): Promise<Finding[]> {
  const rails = [...(await railsOf(db, environment))]
  const chainIds = rails.map((id) => book(id).rail.chainId)
  return listFindings(db, { environment, chainIds, state: 'standing', limit: FINDINGS_MAX + 1 })
}

/** A finding that a person acknowledged is told, and does not stop the day from being closed. */
function refuseToClose({ differences, findings }: Reconciliation): void {
  const open = findings.filter(({ state }) => state === 'open').length
  if (findings.length > FINDINGS_MAX) {
    throw new AppError(
      'not_ready',
      `the day does not close: more than ${FINDINGS_MAX} findings stand, and not all are listed; resolve some with "settled findings resolve"`,
    )
  }
  if (differences.length === 0 && open === 0) return
  throw new AppError(
    'not_ready',
    `the day does not close: ${count(differences.length, 'difference')} and ${count(open, 'open finding')}; each is listed`,
  )
}
