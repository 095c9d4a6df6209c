import { toBytes, type Hex } from '../../../src/lib/hex.ts'
import type { Db } from '../../../src/store/database.ts'
import { ALICE, BOB, ETHEREUM, hash, USDT } from './world.ts'

/** What the chain's writer and the publisher would have written; a test says what matters to it. */
export interface SeedDeposit {
  readonly id: string
  readonly environment?: string
  readonly rail?: string
  readonly owner?: string
  readonly recipient?: string
  readonly amount?: string
  readonly state?: 'detected' | 'confirmed' | 'final' | 'orphaned' | 'reversed'
  readonly tx?: Hex
  readonly height?: number
  readonly detectedAt?: Date
}

export const SEEN = new Date('2026-03-01T11:00:00.000Z')

export async function seedDeposit(db: Db, seed: SeedDeposit): Promise<void> {
  const { environment = 'acme-live', rail = USDT, owner = 'customer-1', recipient = ALICE } = seed
  const address = toBytes(recipient.toLowerCase() as Hex)
  await db
    .insertInto('deposit_address')
    .values({
      environment_id: environment,
      chain_id: ETHEREUM,
      rail,
      address,
      owner,
      watch_from: null,
      registered_height: 0,
      epoch: 1,
      registered_at: SEEN,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const { id: addressId } = await db
    .selectFrom('deposit_address')
    .select('id')
    .where('environment_id', '=', environment)
    .where('rail', '=', rail)
    .where('address', '=', address)
    .executeTakeFirstOrThrow()
  await db
    .insertInto('deposit')
    .values({
      id: seed.id,
      environment_id: environment,
      chain_id: ETHEREUM,
      rail,
      address_id: addressId,
      tx_hash: toBytes(seed.tx ?? hash(0x70)),
      ordinal: await count(db),
      sender: toBytes(BOB.toLowerCase() as Hex),
      recipient: address,
      amount: seed.amount ?? '12500000',
      state: seed.state ?? 'detected',
      version: 1,
      height: seed.height ?? 100,
      block_hash: toBytes(hash(seed.height ?? 100)),
      block_time: new Date('2026-03-01T10:59:50.000Z'),
      log_index: 7,
      policy_version: 2,
      confirmations: 3,
      needs_finality: false,
      providers: 1,
      witnesses: 1,
      due_height: 102,
      detected_at: seed.detectedAt ?? SEEN,
      confirmed_at: null,
      final_at: null,
      orphaned_at: null,
      reversed_at: null,
      updated_at: SEEN,
    })
    .execute()
}

async function count(db: Db): Promise<number> {
  const rows = await db.selectFrom('deposit').select('id').execute()
  return rows.length
}

export interface SeedEvent {
  readonly id: string
  readonly deposit: string
  readonly environment?: string
  readonly version?: number
  readonly type?: string
  readonly body?: string
  readonly seq: number | null
}

export async function seedEvent(db: Db, seed: SeedEvent): Promise<void> {
  const { id, deposit, environment = 'acme-live', version = 1, seq } = seed
  await db
    .insertInto('event')
    .values({
      id,
      environment_id: environment,
      chain_id: ETHEREUM,
      deposit_id: deposit,
      version,
      type: seed.type ?? 'deposit.detected',
      block_hash: toBytes(hash(100)),
      body: seed.body ?? '{}',
      created_at: SEEN,
      seq,
      published_at: seq === null ? null : SEEN,
    })
    .execute()
}

/** Returns the delivery's id. */
export async function seedDelivery(
  db: Db,
  seed: {
    endpoint: string
    event: string
    deposit: string
    state: 'pending' | 'delivered' | 'dead'
  },
): Promise<number> {
  const { id } = await db
    .insertInto('delivery')
    .values({
      endpoint_id: seed.endpoint,
      event_id: seed.event,
      environment_id: 'acme-live',
      deposit_id: seed.deposit,
      version: 1,
      state: seed.state,
      attempts: 10,
      attempts_total: 10,
      next_attempt_at: SEEN,
      created_at: SEEN,
      settled_at: seed.state === 'pending' ? null : SEEN,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}
