import { sql, type Selectable } from 'kysely'
import type { ChainId, RailId } from '../domain/chain.ts'
import type { Deposit, DepositId, DepositState } from '../domain/deposit.ts'
import type { Transition } from '../domain/event.ts'
import { toBytes, toHex } from '../lib/hex.ts'
import type { Db, Tx } from '../store/database.ts'
import type { Tables } from '../store/tables.ts'
import { ALIVE_STATES } from './deposit.ts'
import { dueHeight, type Evidence } from './policy.ts'

/** Lowest first: what happens to them is told in this order. */
export async function depositsById(
  tx: Tx,
  ids: readonly DepositId[],
): Promise<Map<DepositId, Deposit>> {
  if (ids.length === 0) return new Map()
  const rows = await selectDeposits(tx)
    .where(sql<boolean>`d.id = any(${ids}::text[])`)
    .orderBy('d.height')
    .orderBy('d.id')
    .execute()
  return new Map(rows.map(toDeposit).map((deposit) => [deposit.id, deposit]))
}

export interface BlocksAbove {
  readonly above: number
}

/**
 * Deposits that leave in one step at most. A deep reorg may take a hundred thousand away; in one transaction their
 * events alone would take longer to build than the server lets a transaction idle.
 */
export const LEAVING_MAX = 5_000

/** Deposits that stand in these blocks, lowest first, as many as one step takes. */
export async function depositsInBlocks(
  tx: Tx,
  chainId: ChainId,
  blocks: BlocksAbove | null,
): Promise<Deposit[]> {
  if (blocks === null) return []
  const rows = await selectDeposits(tx)
    .where('d.chain_id', '=', chainId)
    .where('d.height', '>', blocks.above)
    .where('d.state', 'in', ALIVE_STATES)
    .orderBy('d.height')
    .orderBy('d.id')
    .limit(LEAVING_MAX)
    .execute()
  return rows.map(toDeposit)
}

/**
 * Deposits that a tip and finality may move, oldest first, at most `limit`. Those that wait for another
 * provider's word only are left out: asking for it is the witness loop's business, and it judges them itself. Of
 * rails that are `held` nothing becomes final.
 */
export async function dueDeposits(
  tx: Tx,
  chainId: ChainId,
  evidence: Evidence,
  { limit, held }: { readonly limit: number; readonly held: ReadonlySet<RailId> },
): Promise<Deposit[]> {
  const final = evidence.finalizedHeight ?? -1
  const rows = await selectDeposits(tx)
    .where('d.chain_id', '=', chainId)
    .where('d.state', 'in', ['detected', 'confirmed'])
    .where((eb) =>
      eb.or([
        eb.and([
          eb('d.state', '=', 'detected'),
          eb('d.witnesses', '>=', eb.ref('d.providers')),
          ruleHolds(evidence),
        ]),
        eb.and([
          eb('d.state', '=', 'confirmed'),
          eb('d.height', '<=', final),
          sql<boolean>`d.rail <> all(${[...held]}::text[])`,
        ]),
      ]),
    )
    .orderBy('d.height')
    .orderBy('d.id')
    .limit(limit)
    .execute()
  return rows.map(toDeposit)
}

/**
 * Detected deposits that lack nothing but another provider's word, in the order of their ids from `afterId` on,
 * so that those nobody vouches for are passed over and not asked about for ever before the others.
 */
export async function unwitnessedDeposits(
  db: Db,
  chainId: ChainId,
  evidence: Evidence,
  page: { readonly afterId: string; readonly limit: number },
): Promise<Deposit[]> {
  const rows = await selectDeposits(db)
    .where('d.chain_id', '=', chainId)
    .where('d.state', '=', 'detected')
    .where('d.providers', '>', 1)
    .whereRef('d.witnesses', '<', 'd.providers')
    .where(ruleHolds(evidence))
    .where('d.id', '>', page.afterId)
    .orderBy('d.id')
    .limit(page.limit)
    .execute()
  return rows.map(toDeposit)
}

/** How many deposits of each rail this evidence should have moved, if other providers had vouched for them. */
export async function countUnconfirmed(
  db: Db,
  chainId: ChainId,
  evidence: Evidence,
): Promise<ReadonlyMap<RailId, number>> {
  const rows = await db
    .selectFrom('deposit as d')
    .select((eb) => ['d.rail', eb.fn.countAll<number>().as('count')])
    .where('d.chain_id', '=', chainId)
    .where('d.state', '=', 'detected')
    .where(ruleHolds(evidence))
    .groupBy('d.rail')
    .execute()
  return new Map(rows.map(({ rail, count }) => [rail, count]))
}

/**
 * Records how many providers show the deposit in its block now. Ignored if it has moved on since they were asked, or
 * its rule holds no longer: once it holds again, nobody would be asked again.
 */
export async function recordWitnesses(
  tx: Tx,
  { deposit, witnesses }: { readonly deposit: Deposit; readonly witnesses: number },
  evidence: Evidence,
): Promise<void> {
  await tx
    .updateTable('deposit as d')
    .set({ witnesses: Math.max(1, witnesses) })
    .where('d.id', '=', deposit.id)
    .where('d.block_hash', '=', toBytes(deposit.blockHash))
    .where('d.state', '=', 'detected')
    .where(ruleHolds(evidence))
    .execute()
}

/**
 * Writes what transitions made of deposits: the last state of each, the time of every state it passed through,
 * its sightings. Idempotent by natural keys; the machine has already decided, nothing is decided here.
 */
export async function saveTransitions(
  tx: Tx,
  transitions: readonly Transition[],
  now: Date,
): Promise<void> {
  if (transitions.length === 0) return
  await upsertDeposits(tx, transitions, now)
  await saveSightings(tx, transitions, now)
}

/** Of each state the latest entry is kept; `detected_at` stays the first detection. */
async function upsertDeposits(
  tx: Tx,
  transitions: readonly Transition[],
  now: Date,
): Promise<void> {
  const last = new Map(transitions.map(({ deposit }) => [deposit.id, deposit]))
  const rows = [...last.values()]
  const entered = new Set(transitions.map(({ deposit }) => `${deposit.id} ${deposit.state}`))
  const entries = (state: DepositState) =>
    rows.map(({ id }) => (entered.has(`${id} ${state}`) ? now : null))
  await sql`
    insert into deposit as d (
      id, environment_id, chain_id, rail, address_id, tx_hash, ordinal, sender, recipient, amount,
      state, version, height, block_hash, block_time, log_index,
      policy_version, confirmations, needs_finality, providers, witnesses, due_height,
      confirmed_at, final_at, orphaned_at, reversed_at, detected_at, updated_at)
    select *, ${now}::timestamptz, ${now}::timestamptz from unnest(
      ${rows.map((d) => d.id)}::text[], ${rows.map((d) => d.environment)}::text[],
      ${rows.map((d) => d.chainId)}::text[], ${rows.map((d) => d.rail)}::text[],
      ${rows.map((d) => d.addressId)}::bigint[], ${rows.map((d) => toBytes(d.txHash))}::bytea[],
      ${rows.map((d) => d.ordinal)}::int[], ${rows.map((d) => toBytes(d.sender))}::bytea[],
      ${rows.map((d) => toBytes(d.recipient))}::bytea[], ${rows.map((d) => d.amount.toString())}::numeric[],
      ${rows.map((d) => d.state)}::text[], ${rows.map((d) => d.version)}::int[],
      ${rows.map((d) => d.height)}::bigint[], ${rows.map((d) => toBytes(d.blockHash))}::bytea[],
      ${rows.map((d) => d.blockTime)}::timestamptz[], ${rows.map((d) => d.logIndex)}::int[],
      ${rows.map((d) => d.policy.version)}::int[], ${rows.map((d) => d.policy.rule.confirmations)}::int[],
      ${rows.map((d) => d.policy.rule.finality)}::boolean[], ${rows.map((d) => d.policy.providers)}::int[],
      ${rows.map((d) => d.witnesses)}::int[], ${rows.map((d) => dueHeight(d.policy, d.height))}::bigint[],
      ${entries('confirmed')}::timestamptz[], ${entries('final')}::timestamptz[],
      ${entries('orphaned')}::timestamptz[], ${entries('reversed')}::timestamptz[])
    on conflict (id) do update set
      state = excluded.state, version = excluded.version, height = excluded.height,
      block_hash = excluded.block_hash, block_time = excluded.block_time, log_index = excluded.log_index,
      witnesses = excluded.witnesses, due_height = excluded.due_height,
      confirmed_at = coalesce(excluded.confirmed_at, d.confirmed_at),
      final_at = coalesce(excluded.final_at, d.final_at),
      orphaned_at = coalesce(excluded.orphaned_at, d.orphaned_at),
      reversed_at = coalesce(excluded.reversed_at, d.reversed_at),
      updated_at = excluded.updated_at
    where d.version < excluded.version`.execute(tx)
}

/**
 * A block that comes back (A→B→A) revives the sighting it had. Its place is told anew: what was shown under its hash
 * before may have been another block.
 */
async function saveSightings(tx: Tx, transitions: readonly Transition[], now: Date): Promise<void> {
  const seen = transitions.map(({ deposit }) => deposit).filter(({ state }) => state === 'detected')
  const gone = transitions
    .map(({ deposit }) => deposit)
    .filter(({ state }) => state === 'orphaned' || state === 'reversed')
  if (seen.length > 0) {
    await sql`
      insert into sighting (deposit_id, block_hash, height, block_time, log_index, seen_at)
      select *, ${now}::timestamptz from unnest(
        ${seen.map((d) => d.id)}::text[], ${seen.map((d) => toBytes(d.blockHash))}::bytea[],
        ${seen.map((d) => d.height)}::bigint[], ${seen.map((d) => d.blockTime)}::timestamptz[],
        ${seen.map((d) => d.logIndex)}::int[])
      on conflict (deposit_id, block_hash) do update set
        orphaned_at = null,
        height = excluded.height,
        block_time = excluded.block_time,
        log_index = excluded.log_index`.execute(tx)
  }
  if (gone.length > 0) {
    await sql`
      update sighting s set orphaned_at = ${now}
      from unnest(${gone.map((d) => d.id)}::text[], ${gone.map((d) => toBytes(d.blockHash))}::bytea[])
        as gone (deposit_id, block_hash)
      where s.deposit_id = gone.deposit_id and s.block_hash = gone.block_hash`.execute(tx)
  }
}

/** A deposit's rule in SQL: what `isConfirmed` says, but for the witnesses. */
function ruleHolds({ tipHeight, finalizedHeight }: Evidence) {
  return sql<boolean>`(
    (d.due_height is null or d.due_height <= ${tipHeight})
    and (not d.needs_finality or d.height <= ${finalizedHeight ?? -1}))`
}

/** Deposits with their owners, as `toDeposit` reads them. */
export function selectDeposits(db: Db) {
  return db
    .selectFrom('deposit as d')
    .innerJoin('deposit_address as a', 'a.id', 'd.address_id')
    .selectAll('d')
    .select('a.owner')
}

type DepositRow = Selectable<Tables['deposit']> & { owner: string }

export function toDeposit(row: DepositRow): Deposit {
  return {
    id: row.id as DepositId,
    environment: row.environment_id,
    chainId: row.chain_id,
    rail: row.rail,
    addressId: row.address_id,
    owner: row.owner,
    txHash: toHex(row.tx_hash),
    ordinal: row.ordinal,
    sender: toHex(row.sender),
    recipient: toHex(row.recipient),
    amount: BigInt(row.amount),
    state: row.state,
    version: row.version,
    height: row.height,
    blockHash: toHex(row.block_hash),
    blockTime: row.block_time,
    logIndex: row.log_index,
    policy: {
      version: row.policy_version,
      rule: { confirmations: row.confirmations, finality: row.needs_finality },
      providers: row.providers,
    },
    witnesses: row.witnesses,
  }
}
