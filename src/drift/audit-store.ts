import { sql } from 'kysely'
import type { ChainId } from '../domain/chain.ts'
import { StaleStepError } from '../domain/step.ts'
import { toBytes, toHex, type Hex } from '../lib/hex.ts'
import type { Db, Tx } from '../store/database.ts'

/** How far the second look at a chain has come. */
export interface AuditStanding {
  /** Every provider has been heard up to here; null before that. */
  readonly auditedHeight: number | null
  /** Final blocks since the chain's start that the provider heard most was not heard about, since their last rescan. */
  readonly gapBlocks: number
  readonly completedAt: Date | null
}

export async function auditStandings(db: Db): Promise<ReadonlyMap<ChainId, AuditStanding>> {
  const { rows } = await sql<AuditStanding & { chainId: ChainId }>`
    select
      c.chain_id as "chainId",
      min(p.next_height) - 1 as "auditedHeight",
      coalesce(min(
        greatest(0, c.finalized_height - p.next_height + 1)
        + greatest(0, p.from_height - c.start_height)
        + case when a.low is null then 0 else greatest(0, a.high - greatest(a.low, c.start_height) + 1) end
      ) filter (where p.provider is not null), c.finalized_height - c.start_height + 1, 0) as "gapBlocks",
      max(r.completed_at) as "completedAt"
    from chain_cursor c
    left join audit_progress p using (chain_id)
    left join lateral (
      select
        least(p.again_next, min(from_height)) as low,
        least(greatest(p.again_to, max(to_height)), p.next_height - 1) as high
      from rescan
      where chain_id = p.chain_id and finished_at is not null and id > p.rescan_id
    ) a on true
    left join audit_round r using (chain_id)
    group by c.chain_id, c.finalized_height, c.start_height`.execute(db)
  return new Map(rows.map((row) => [row.chainId, row]))
}

/** Blocks from `next` to `to`, both ends inclusive. */
export interface Span {
  readonly next: number
  readonly to: number
}

/** How far one provider was heard. */
export interface Progress {
  readonly provider: string
  readonly from: number
  readonly next: number
  /** Of the block below `next` as it showed it; null where nothing is known of that. */
  readonly lastHash: Hex | null
  /** The newest rescan whose blocks it was asked about again since, or is being asked about: `again`. */
  readonly rescanId: number
  /** What is left of those; null: nothing. */
  readonly again: Span | null
}

export async function readProgress(db: Db, chainId: ChainId): Promise<Progress[]> {
  const rows = await db
    .selectFrom('audit_progress')
    .selectAll()
    .where('chain_id', '=', chainId)
    .execute()
  return rows.map((row) => ({
    provider: row.provider,
    from: row.from_height,
    next: row.next_height,
    lastHash: row.last_hash === null ? null : toHex(row.last_hash),
    rescanId: row.rescan_id,
    again: spanOf(row.again_next, row.again_to),
  }))
}

/** Unless it was taken back since it was read, under the lock of the chain's cursor: see `hearAgainFrom`. */
export async function assertStandsAt(tx: Tx, chainId: ChainId, read: Progress): Promise<void> {
  const row = await tx
    .selectFrom('audit_progress')
    .select('next_height')
    .where('chain_id', '=', chainId)
    .where('provider', '=', read.provider)
    .executeTakeFirst()
  if (row !== undefined && row.next_height !== read.next) {
    throw new StaleStepError(`${read.provider} is to be heard from ${row.next_height} on again`)
  }
}

export async function saveProgress(
  tx: Tx,
  chainId: ChainId,
  progress: Progress,
  now: Date,
): Promise<void> {
  const values = {
    from_height: progress.from,
    next_height: progress.next,
    last_hash: progress.lastHash === null ? null : toBytes(progress.lastHash),
    rescan_id: progress.rescanId,
    again_next: progress.again?.next ?? null,
    again_to: progress.again?.to ?? null,
    updated_at: now,
  }
  await tx
    .insertInto('audit_progress')
    .values({ chain_id: chainId, provider: progress.provider, ...values })
    .onConflict((conflict) => conflict.columns(['chain_id', 'provider']).doUpdateSet(values))
    .execute()
}

/** Whoever has been heard beyond a height is heard again from there: what stood above it may have been replaced. */
export async function hearAgainFrom(tx: Tx, chainId: ChainId, height: number): Promise<void> {
  await tx
    .updateTable('audit_progress')
    .set((eb) => ({
      from_height: eb.fn<number>('least', ['from_height', eb.val(height)]),
      next_height: height,
      last_hash: null,
    }))
    .where('chain_id', '=', chainId)
    .where('next_height', '>', height)
    .execute()
}

/** What the rescans after `rescanId` that are finished have read, in one span, and the newest of them. */
export async function rescansSince(
  db: Db,
  chainId: ChainId,
  rescanId: number,
): Promise<{ readonly id: number; readonly span: Span | null }> {
  const row = await db
    .selectFrom('rescan')
    .select((eb) => [
      eb.fn.max('id').as('id'),
      eb.fn.min('from_height').as('from'),
      eb.fn.max('to_height').as('to'),
    ])
    .where('chain_id', '=', chainId)
    .where('finished_at', 'is not', null)
    .where('id', '>', rescanId)
    .executeTakeFirst()
  return { id: row?.id ?? rescanId, span: spanOf(row?.from ?? null, row?.to ?? null) }
}

function spanOf(next: number | null, to: number | null): Span | null {
  return next === null || to === null ? null : { next, to }
}

export async function completeRound(
  tx: Tx,
  chainId: ChainId,
  round: { readonly height: number; readonly completedAt: Date },
): Promise<void> {
  const values = { height: round.height, completed_at: round.completedAt }
  await tx
    .insertInto('audit_round')
    .values({ chain_id: chainId, ...values })
    .onConflict((conflict) => conflict.column('chain_id').doUpdateSet(values))
    .execute()
}

/** Who is no longer a provider of the chain is waited for by nobody. */
export async function forgetOthers(
  tx: Tx,
  chainId: ChainId,
  providers: readonly string[],
): Promise<void> {
  await tx
    .deleteFrom('audit_progress')
    .where('chain_id', '=', chainId)
    .where('provider', 'not in', [...providers])
    .execute()
}
