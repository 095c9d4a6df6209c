import { sql } from 'kysely'
import type { Db, Tx } from './database.ts'

/**
 * One writer per name, on the database's clock. A takeover raises the fence; a transaction that calls
 * `assertFence` cannot commit under an older one, because the row lock it takes makes a takeover wait
 * and a finished takeover makes it fail.
 */
export interface Lease {
  readonly name: string
  readonly fence: number
}

/**
 * A lease lives this long past its last renewal; a holder renews it and a standby asks for it about every second
 * (`app.ts`). A crashed holder is followed after LEASE_MS at most, one that was paused inside a transaction once
 * the server has also ended that transaction (4 s): 14 s, under the 15 s that are promised.
 */
export const LEASE_MS = 9_000

export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError'
  constructor(lease: Lease) {
    super(`the lease ${lease.name} with fence ${lease.fence} has been taken over or has expired`)
  }
}

/** Takes the lease if it is free, expired or already `holder`'s own, and renews it; null while another holds it. */
export async function acquireLease(db: Db, name: string, holder: string): Promise<Lease | null> {
  const fence = (await renew(db, name, holder)) ?? (await take(db, name, holder))
  return fence === null ? null : { name, fence }
}

/** A plain update: it passes the holder's own transactions, of which some are always under way. */
async function renew(db: Db, name: string, holder: string): Promise<number | null> {
  const { rows } = await sql<{ fence: number }>`
    update lease set expires_at = clock_timestamp() + ${LEASE_MS} * interval '1 millisecond'
    where name = ${name} and holder = ${holder} and expires_at > clock_timestamp()
    returning fence`.execute(db)
  return rows[0]?.fence ?? null
}

/**
 * Waits, by locking the row for update, until no transaction under the old fence is left. It looks before it
 * locks, so that a standby does not stand in the way of a holder that is alive.
 */
async function take(db: Db, name: string, holder: string): Promise<number | null> {
  const { rows } = await sql`
    select 1 from lease where name = ${name} and expires_at > clock_timestamp()`.execute(db)
  if (rows.length > 0) return null
  return db.transaction().execute(async (tx) => {
    await sql`
      insert into lease (name, holder, fence, expires_at)
      values (${name}, ${holder}, 0, '-infinity') on conflict do nothing`.execute(tx)
    await sql`select 1 from lease where name = ${name} for update`.execute(tx)
    const taken = await sql<{ fence: number }>`
      update lease set
        fence = fence + 1,
        holder = ${holder},
        expires_at = clock_timestamp() + ${LEASE_MS} * interval '1 millisecond'
      where name = ${name} and expires_at <= clock_timestamp()
      returning fence`.execute(tx)
    return taken.rows[0]?.fence ?? null
  })
}

/**
 * Throws `LeaseLostError` unless the lease still stands, and holds the row so that it stands until the commit. A
 * key-share lock, which a takeover's `for update` waits for and a renewal passes: under a full share lock ten
 * overlapping transactions kept renewals waiting for seconds, and a hundred lost the lease.
 */
export async function assertFence(tx: Tx, lease: Lease): Promise<void> {
  const { rows } = await sql`
    select 1 from lease
    where name = ${lease.name} and fence = ${lease.fence} and expires_at > clock_timestamp()
    for key share`.execute(tx)
  if (rows.length === 0) throw new LeaseLostError(lease)
}

/** Gives the lease up at once, so that a standby need not wait for it to expire. */
export async function releaseLease(db: Db, lease: Lease): Promise<void> {
  await sql`
    update lease set expires_at = clock_timestamp()
    where name = ${lease.name} and fence = ${lease.fence}`.execute(db)
}

export interface LeaseState {
  readonly name: string
  readonly holder: string
  readonly fence: number
  /** Whether it stands at this moment; a lease that nobody renewed stays on record. */
  readonly held: boolean
}

export async function listLeases(db: Db): Promise<LeaseState[]> {
  const { rows } = await sql<LeaseState>`
    select name, holder, fence, expires_at > clock_timestamp() as held from lease order by name`.execute(
    db,
  )
  return rows
}
