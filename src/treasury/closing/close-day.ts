import { depositsById } from '../../confirmation/deposit-store.ts'
import type { Codec, Rail, RailId } from '../../domain/chain.ts'
import type { Deposit } from '../../domain/deposit.ts'
import { AppError } from '../../domain/error.ts'
import { atOneMoment, type Db, type Tx } from '../../store/database.ts'
import { balanceDifferences, balancesOf, type RailBalance } from './balance.ts'
import {
  allowLongStatements,
  depositsOutsideView,
  endpointsOf,
  feedOf,
  movementsPage,
  standingsAt,
  strayDeposits,
  unacknowledged,
  type DayOf,
  type EndpointDay,
  type FeedDay,
} from './closing-store.ts'
import type { DayDifference } from './difference.ts'
import type { Movement } from './movement.ts'
import { movementDifferences } from './ties.ts'

/** Movements one reading takes at most: some hundred megabytes of memory. */
const MOVEMENTS_MAX = 300_000
const PAGE = 5_000

/** A rail that rows speak of, and how its chain prints addresses and hashes. */
export type Book = (rail: RailId) => { readonly rail: Rail; readonly codec: Codec }

export interface ClosedDay extends DayOf {
  readonly balances: readonly RailBalance[]
  readonly movements: readonly Movement[]
  readonly feed: FeedDay
  readonly endpoints: readonly EndpointDay[]
  /** What does not tie, as of the reading. */
  readonly differences: readonly DayDifference[]
  /** The deposits that moved, as they are now. */
  readonly deposits: readonly Deposit[]
}

export function closeDay(db: Db, of: DayOf, book: Book): Promise<ClosedDay> {
  return atOneMoment(db, async (tx) => {
    await allowLongStatements(tx)
    const { movements, differences } = await readMovements(tx, of, book)
    const balances = balancesOf(
      await standingsAt(tx, of.environment, of.day.from),
      movements,
      await standingsAt(tx, of.environment, of.day.until),
    )
    const feed = await feedOf(tx, of)
    return {
      ...of,
      balances,
      movements,
      feed,
      endpoints: await endpointsOf(tx, of),
      differences: [
        ...balanceDifferences(balances),
        ...differences,
        ...feedDifferences(feed),
        ...(await recordDifferences(tx, of)),
        ...(await deliveryDifferences(tx, of)),
      ],
      deposits: await movedDeposits(tx, movements),
    }
  })
}

/** Bodies are held against the records page by page, and not kept. */
async function readMovements(
  tx: Tx,
  of: DayOf,
  book: Book,
): Promise<{ movements: Movement[]; differences: DayDifference[] }> {
  const movements: Movement[] = []
  const differences: DayDifference[] = []
  let after: number | null = 0
  while (after !== null) {
    const page: Awaited<ReturnType<typeof movementsPage>> = await movementsPage(tx, of, {
      after,
      limit: PAGE,
    })
    for (const told of page.movements) {
      differences.push(...movementDifferences(told, book(told.rail)))
      const { body: _, ...movement } = told
      movements.push(movement)
    }
    if (movements.length > MOVEMENTS_MAX) {
      throw new AppError(
        'invalid_request',
        `--day: ${of.day.name} has more than ${MOVEMENTS_MAX} movements; they do not fit into one statement`,
      )
    }
    after = page.movements.length === PAGE ? page.last : null
  }
  return { movements, differences }
}

function feedDifferences({ before, numbered, after }: FeedDay): DayDifference[] {
  if (after - before === numbered) return []
  const detail = `${numbered} events were numbered, from after ${before} to ${after}`
  return [{ check: 'feed', subject: 'feed', detail }]
}

async function recordDifferences(tx: Tx, { environment }: DayOf): Promise<DayDifference[]> {
  const strays = await strayDeposits(tx, environment)
  const outside = await depositsOutsideView(tx, environment)
  return [
    ...strays.map(({ deposit, state, version, type, eventVersion }) => ({
      check: 'deposit' as const,
      subject: deposit,
      detail:
        `is ${state} at version ${version}; its last event is ` +
        (type === null ? 'missing' : `${type} at version ${eventVersion}, or of another block`),
    })),
    ...outside.map(({ deposit, height }) => ({
      check: 'view' as const,
      subject: deposit,
      detail: `stands in a block at ${height} that left our view`,
    })),
  ]
}

async function deliveryDifferences(tx: Tx, of: DayOf): Promise<DayDifference[]> {
  return (await unacknowledged(tx, of)).map(({ event, endpoint, state, attempts }) => ({
    check: 'delivery',
    subject: event,
    detail: `${endpoint} never acknowledged it: ${state} after ${attempts} attempts`,
  }))
}

async function movedDeposits(tx: Tx, movements: readonly Movement[]): Promise<Deposit[]> {
  const ids = [...new Set(movements.map(({ deposit }) => deposit))]
  const deposits: Deposit[] = []
  for (let start = 0; start < ids.length; start += PAGE) {
    deposits.push(...(await depositsById(tx, ids.slice(start, start + PAGE))).values())
  }
  return deposits
}
