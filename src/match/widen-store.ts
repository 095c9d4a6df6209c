import type { Address, RailId } from '../domain/chain.ts'
import { toBytes } from '../lib/hex.ts'
import type { Tx } from '../store/database.ts'
import { toDepositAddress, type DepositAddress } from './address-store.ts'
import { requestRescan } from './rescan-store.ts'

export interface Widening {
  readonly environment: string
  readonly rail: RailId
  readonly address: Address
  /** The first height that is to be searched from now on. */
  readonly from: number
  readonly now: Date
}

/** `narrower`: it is searched from there on as it is, and stays as it is. */
export type Widened =
  | { readonly status: 'widened' | 'narrower'; readonly record: DepositAddress }
  | { readonly status: 'unknown' }

/**
 * Gives an address more of the past than its registration asked for, and has that read. Blocks above the tip at
 * its registration were searched as they came, so the rescan ends there.
 */
export async function widenAddress(tx: Tx, widening: Widening): Promise<Widened> {
  const { environment, rail, address, from, now } = widening
  const row = await tx
    .selectFrom('deposit_address')
    .selectAll()
    .where('environment_id', '=', environment)
    .where('rail', '=', rail)
    .where('address', '=', toBytes(address))
    .forUpdate()
    .executeTakeFirst()
  if (row === undefined) return { status: 'unknown' }
  const record = toDepositAddress(row)
  const { id, chainId, watchFrom, registeredHeight } = record
  if (from >= Math.min(watchFrom ?? Infinity, registeredHeight + 1)) {
    return { status: 'narrower', record }
  }
  await tx.updateTable('deposit_address').set({ watch_from: from }).where('id', '=', id).execute()
  const reason = 'an address was widened'
  await requestRescan(tx, { chainId, from, to: registeredHeight, reason, now })
  return { status: 'widened', record: { ...record, watchFrom: from } }
}
