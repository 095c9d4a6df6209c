import { sql } from 'kysely'
import { readCursor } from '../block/block-store.ts'
import type { Place } from '../confirmation/deposit.ts'
import { listDeposits } from '../confirmation/deposit-read-store.ts'
import type { ChainId, RailId } from '../domain/chain.ts'
import type { Deposit, DepositId } from '../domain/deposit.ts'
import { AppError } from '../domain/error.ts'
import type { EventType } from '../domain/event.ts'
import { toHex } from '../lib/hex.ts'
import type { Tx } from '../store/database.ts'
import { historyOf, type DepositHistory, type Recorded } from './history.ts'
import type { ChainMemory } from './signs.ts'

/** Deposits one reading takes at most: some hundred megabytes of memory. */
const DEPOSITS_MAX = 100_000
const PAGE = 5_000

export interface HistoryFilter {
  readonly environment: string
  readonly rail: RailId
  readonly chainId: ChainId
  /** Of the first detection; the second exclusive. */
  readonly from: Date
  readonly to: Date
  readonly now: Date
  readonly depositsMax?: number
}

export interface Records {
  readonly histories: readonly DepositHistory[]
  readonly memory: ChainMemory
}

/** In a transaction that sees one moment. */
export async function readRecords(tx: Tx, filter: HistoryFilter): Promise<Records> {
  const deposits = await depositsOf(tx, filter)
  const histories: DepositHistory[] = []
  for (let start = 0; start < deposits.length; start += PAGE) {
    histories.push(...(await historiesOf(tx, deposits.slice(start, start + PAGE))))
  }
  return { histories, memory: await memoryOf(tx, filter) }
}

async function depositsOf(tx: Tx, filter: HistoryFilter) {
  const { environment, rail, from, to, depositsMax = DEPOSITS_MAX } = filter
  const found: Deposit[] = []
  // Recorded times are whole milliseconds, and the lower end of the list's own filter is exclusive.
  const window = { detectedAfter: new Date(from.getTime() - 1), detectedBefore: to }
  let before: { detectedAt: Date; id: string } | undefined
  do {
    const page = await listDeposits(tx, { environment, rail, ...window, before, limit: PAGE })
    found.push(...page)
    before = page.length === PAGE ? page.at(-1) : undefined
    if (found.length > depositsMax) {
      throw new AppError(
        'invalid_request',
        `from: more than ${depositsMax} deposits were detected between it and the end; narrow the window`,
      )
    }
  } while (before !== undefined)
  return found.toReversed()
}

async function historiesOf(tx: Tx, deposits: readonly Deposit[]): Promise<DepositHistory[]> {
  const ids = deposits.map(({ id }) => id)
  const { rows } = await sql<EventRow>`
    select e.deposit_id, e.type, e.created_at, s.block_hash, s.height, s.block_time, s.log_index
    from event e
    join sighting s on s.deposit_id = e.deposit_id and s.block_hash = e.block_hash
    where e.deposit_id = any(${ids}::text[])
    order by e.deposit_id, e.version`.execute(tx)
  const events = Map.groupBy(rows, ({ deposit_id }) => deposit_id)
  return deposits.map((deposit) =>
    historyOf(deposit, (events.get(deposit.id) ?? []).map(toRecorded)),
  )
}

/** The chain's blocks that are still held, those that left included, and where its cursor stands. */
async function memoryOf(tx: Tx, { chainId, now }: HistoryFilter): Promise<ChainMemory> {
  const cursor = await readCursor(tx, chainId)
  const rows = await tx
    .selectFrom('block')
    .select(['height', 'connected_at', 'disconnected_at'])
    .where('chain_id', '=', chainId)
    .execute()
  return {
    blocks: rows.map((row) => ({
      height: row.height,
      connectedMs: row.connected_at.getTime(),
      disconnectedMs: row.disconnected_at?.getTime() ?? null,
    })),
    standing: cursor && {
      height: cursor.height,
      updatedMs: cursor.updatedAt.getTime(),
      finalizedHeight: cursor.finalized?.height ?? null,
      readMs: now.getTime(),
    },
  }
}

interface EventRow {
  readonly deposit_id: DepositId
  readonly type: EventType
  readonly created_at: Date
  readonly block_hash: Buffer
  readonly height: number
  readonly block_time: Date
  readonly log_index: number
}

function toRecorded(row: EventRow): Recorded {
  const place: Place = {
    height: row.height,
    blockHash: toHex(row.block_hash),
    blockTime: row.block_time,
    logIndex: row.log_index,
  }
  return { type: row.type, place, atMs: row.created_at.getTime() }
}
