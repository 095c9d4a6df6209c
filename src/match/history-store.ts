import { sql } from 'kysely'
import type { ChainId } from '../domain/chain.ts'
import { toBytes } from '../lib/hex.ts'
import type { Tx } from '../store/database.ts'
import type { AddressBatch } from './address-store.ts'
import { requestRescan } from './rescan-store.ts'

/** What is asked for from below a chain's first block, which was never watched and has to be read on purpose. */

export interface FirstBlock {
  readonly chainId: ChainId
  readonly start: number
  readonly now: Date
}

/**
 * Asks for what registrations before the chain's first block wanted from below it; nobody knew then where that block
 * would be. The caller holds registrations off, so that each later one sees the block as its tip and asks for itself.
 */
export async function requestHistoryBelow(
  tx: Tx,
  { chainId, start, now }: FirstBlock,
): Promise<void> {
  const { from } = await tx
    .selectFrom('deposit_address')
    .select((eb) => eb.fn.min<number | null>('watch_from').as('from'))
    .where('chain_id', '=', chainId)
    .where('registered_height', '<', 0)
    .executeTakeFirstOrThrow()
  if (from === null || from >= start) return
  const reason = 'registered before the first block'
  await requestRescan(tx, { chainId, from, to: start - 1, reason, now })
}

/**
 * Which entries of a batch, by their index, ask for blocks below the chain's first one, and where that is. Not those
 * whose wish is known already: to repeat a request reads nothing and must stay harmless.
 */
export async function asksBelowStart(
  tx: Tx,
  { environment, chainId, entries }: Omit<AddressBatch, 'now'>,
): Promise<ReadonlyMap<number, number>> {
  const asking = [...entries.entries()].filter(([, { watchFrom }]) => (watchFrom ?? null) !== null)
  if (asking.length === 0) return new Map()
  const { rows } = await sql<{ index: number; start: number }>`
    select entry.index, c.start_height as start
    from unnest(
      ${asking.map(([index]) => index)}::integer[],
      ${asking.map(([, entry]) => entry.rail)}::text[],
      ${asking.map(([, entry]) => toBytes(entry.address))}::bytea[],
      ${asking.map(([, entry]) => entry.owner)}::text[],
      ${asking.map(([, entry]) => entry.watchFrom)}::bigint[]
    ) as entry (index, rail, address, owner, watch_from)
    join chain_cursor c on c.chain_id = ${chainId} and entry.watch_from < c.start_height
    left join deposit_address a
      on a.environment_id = ${environment} and a.rail = entry.rail and a.address = entry.address
    where a.id is null
      or (a.owner = entry.owner and (a.watch_from is null or entry.watch_from < a.watch_from))`.execute(
    tx,
  )
  return new Map(rows.map(({ index, start }) => [index, start]))
}
