import { readCursor } from '../block/block-store.ts'
import { sightingsOf, type DepositRecord } from '../confirmation/deposit-read-store.ts'
import { listDeliveries } from '../delivery/delivery-page-store.ts'
import { listEndpoints } from '../delivery/endpoint-store.ts'
import type { ChainId } from '../domain/chain.ts'
import { openRescans } from '../match/rescan-store.ts'
import { eventsOfDeposit } from '../outbox/feed-store.ts'
import type { Tx } from '../store/database.ts'
import { listLeases } from '../store/lease.ts'
import { lastAttempts } from './explain-store.ts'
import type { Recorded, Standing } from './facts.ts'

/** A chain has two open ones at most. */
const RESCANS_MAX = 10
/** Events of which deliveries are told: the newest of a deposit that came and went many times. */
const EVENTS_MAX = 20
const ENDPOINTS_MAX = 50

export async function standingOf(tx: Tx, chainId: ChainId): Promise<Standing> {
  const cursor = await readCursor(tx, chainId)
  const rescans = await openRescans(tx, chainId, RESCANS_MAX)
  const leases = await listLeases(tx)
  const isHeld = (name: string) => leases.some((lease) => lease.name === name && lease.held)
  return {
    cursor,
    rescans,
    isFollowed: isHeld(`chain:${chainId}`),
    isPublished: isHeld('publisher'),
    isDelivered: isHeld('delivery'),
  }
}

export async function recordOf(tx: Tx, deposit: DepositRecord): Promise<Recorded> {
  const { id, environment } = deposit
  const sightings = await sightingsOf(tx, id)
  const events = await eventsOfDeposit(tx, id)
  const endpoints = await listEndpoints(tx, environment, { after: null, limit: ENDPOINTS_MAX })
  const eventIds = events.slice(-EVENTS_MAX).map((event) => event.id)
  const page = { before: null, limit: EVENTS_MAX * ENDPOINTS_MAX }
  const deliveries = (await listDeliveries(tx, environment, { eventIds }, page)).toSorted(
    (a, b) => a.version - b.version,
  )
  const attempts = await lastAttempts(
    tx,
    deliveries.map((delivery) => delivery.id),
  )
  return {
    deposit,
    sightings,
    events,
    endpoints,
    deliveries: deliveries.map((delivery) => ({
      ...delivery,
      lastAttempt: attempts.get(delivery.id) ?? null,
    })),
  }
}
