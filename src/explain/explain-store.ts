import { sql } from 'kysely'
import type { Attempt } from '../delivery/delivery.ts'
import { toAttempt } from '../delivery/delivery-page-store.ts'
import type { Address, ChainId } from '../domain/chain.ts'
import { toBytes, toHex, type Hex } from '../lib/hex.ts'
import { toDepositAddress, type DepositAddress } from '../match/address-store.ts'
import type { Db } from '../store/database.ts'

/** Registrations shown of addresses that any number of environments may share. */
const REGISTRATIONS_MAX = 100

/** Every registration of these bytes, on whatever rail; `environment` null is an operator's view of all. */
export async function registrationsOf(
  db: Db,
  addresses: readonly Address[],
  environment: string | null,
): Promise<DepositAddress[]> {
  if (addresses.length === 0) return []
  let query = db
    .selectFrom('deposit_address')
    .selectAll()
    .where(sql<boolean>`address = any(${addresses.map(toBytes)}::bytea[])`)
    .orderBy('id')
    .limit(REGISTRATIONS_MAX)
  if (environment !== null) query = query.where('environment_id', '=', environment)
  return (await query.execute()).map(toDepositAddress)
}

/** Whose deposits a transaction made. */
export async function environmentsPaidBy(db: Db, txHash: Hex): Promise<string[]> {
  const rows = await db
    .selectFrom('deposit')
    .select('environment_id')
    .distinct()
    .where('tx_hash', '=', toBytes(txHash))
    .orderBy('environment_id')
    .execute()
  return rows.map((row) => row.environment_id)
}

export async function environmentOfDeposit(db: Db, id: string): Promise<string | null> {
  const row = await db
    .selectFrom('deposit')
    .select('environment_id')
    .where('id', '=', id)
    .executeTakeFirst()
  return row?.environment_id ?? null
}

/** What our view holds at a height; null above its tip and below what it keeps. */
export async function heldHash(db: Db, chainId: ChainId, height: number): Promise<Hex | null> {
  const row = await db
    .selectFrom('block')
    .select('hash')
    .where('chain_id', '=', chainId)
    .where('height', '=', height)
    .where('disconnected_at', 'is', null)
    .executeTakeFirst()
  return row === undefined ? null : toHex(row.hash)
}

/** The newest attempt of each delivery that had one. */
export async function lastAttempts(
  db: Db,
  deliveryIds: readonly number[],
): Promise<ReadonlyMap<number, Attempt>> {
  if (deliveryIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('attempt')
    .selectAll()
    .distinctOn('delivery_id')
    .where(sql<boolean>`delivery_id = any(${deliveryIds}::bigint[])`)
    .orderBy('delivery_id')
    .orderBy('number', 'desc')
    .execute()
  return new Map(rows.map((row) => [row.delivery_id, toAttempt(row)]))
}
