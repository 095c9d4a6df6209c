import { z } from 'zod'
import {
  findDeposit,
  listDeposits,
  sightingsOf,
  type DepositRecord,
} from '../../confirmation/deposit-read-store.ts'
import { decodeCursor } from '../../domain/cursor.ts'
import type { Sighting } from '../../domain/deposit.ts'
import { AppError } from '../../domain/error.ts'
import { EVENT_TYPES } from '../../domain/event.ts'
import { eventsOfDeposit, type RecordedEvent } from '../../outbox/feed-store.ts'
import { callerOf } from '../auth.ts'
import { DepositView, depositView } from '../deposit-view.ts'
import type { App, RouteDeps } from '../deps.ts'
import { FIELDS } from '../fields.ts'
import { problems } from '../openapi.ts'
import { pageOf, toPage } from '../page.ts'
import type { RailBook } from '../rail-book.ts'

const DepositQuery = z.strictObject({
  state: FIELDS.state.optional(),
  rail: FIELDS.rail.optional(),
  address: FIELDS.address.optional(),
  owner: FIELDS.owner.optional(),
  tx_hash: FIELDS.tx_hash.optional(),
  detected_after: FIELDS.detected_after.optional(),
  detected_before: FIELDS.detected_before.optional(),
  limit: FIELDS.limit,
  cursor: FIELDS.cursor,
})

const SightingView = z.object({
  height: z.int(),
  block_hash: z.string(),
  block_time: z.iso.datetime(),
  log_index: z.int(),
  seen_at: z.iso.datetime(),
  orphaned_at: z.iso
    .datetime()
    .nullable()
    .meta({ description: 'When the deposit left this block; evidence is kept' }),
})

const TimelineEntry = z.object({
  event: z.string().meta({ description: 'Event id' }),
  type: z.enum(EVENT_TYPES),
  version: z.int(),
  seq: z.int().nullable().meta({ description: 'Place in the feed; null until it is numbered' }),
  block_hash: z.string(),
  recorded_at: z.iso.datetime(),
})

const DepositDetail = DepositView.extend({
  sightings: z.array(SightingView),
  timeline: z.array(TimelineEntry),
}).meta({ id: 'DepositDetail' })

export function depositRoutes(app: App, deps: RouteDeps): void {
  listRoute(app, deps)
  getRoute(app, deps)
}

function listRoute(app: App, { db, rails }: RouteDeps): void {
  const schema = {
    tags: ['deposits'],
    summary: 'List deposits, newest first',
    querystring: DepositQuery,
    response: { 200: pageOf(DepositView), ...problems(400) },
  }
  app.get('/v1/deposits', { schema }, async (request) => {
    const { state, rail, owner, limit } = request.query
    const records = await listDeposits(db, {
      environment: callerOf(request).environment,
      state,
      rail,
      owner,
      ...parsed(request.query, rails),
      limit: limit + 1,
    })
    return toPage(records, limit, {
      item: (record) => depositView(record, rails),
      key: (record) => [record.detectedAt.getTime(), record.id],
    })
  })
}

/** The filters whose text stands for something else. */
function parsed(query: z.infer<typeof DepositQuery>, rails: RailBook) {
  const { rail, address, tx_hash, detected_after, detected_before, cursor } = query
  const [time, id] = cursor === undefined ? [] : decodeCursor(cursor, ['number', 'string'])
  return {
    ...(address === undefined ? {} : rails.findAddress(address, rail)),
    txHash: tx_hash === undefined ? undefined : rails.parseTxHash(tx_hash, rail),
    detectedAfter: detected_after === undefined ? undefined : new Date(detected_after),
    detectedBefore: detected_before === undefined ? undefined : new Date(detected_before),
    before: time === undefined || id === undefined ? undefined : { detectedAt: new Date(time), id },
  }
}

function getRoute(app: App, { db, rails }: RouteDeps): void {
  const schema = {
    tags: ['deposits'],
    summary: 'Get a deposit with its sightings and its timeline',
    params: z.object({ deposit_id: FIELDS.deposit_id }),
    response: { 200: DepositDetail, ...problems(400, 404) },
  }
  app.get('/v1/deposits/:deposit_id', { schema }, async (request) => {
    const id = request.params.deposit_id
    const record = await findDeposit(db, { environment: callerOf(request).environment, id })
    if (record === null) throw new AppError('not_found', `there is no deposit ${id}`)
    const [sightings, events] = await Promise.all([
      sightingsOf(db, record.id),
      eventsOfDeposit(db, record.id),
    ])
    return detail(record, { sightings, events }, rails)
  })
}

function detail(
  record: DepositRecord,
  { sightings, events }: { sightings: readonly Sighting[]; events: readonly RecordedEvent[] },
  rails: RailBook,
): z.infer<typeof DepositDetail> {
  const { codec } = rails.recorded(record.rail)
  return {
    ...depositView(record, rails),
    sightings: sightings.map((sighting) => ({
      height: sighting.height,
      block_hash: codec.formatHash(sighting.blockHash),
      block_time: sighting.blockTime.toISOString(),
      log_index: sighting.logIndex,
      seen_at: sighting.seenAt.toISOString(),
      orphaned_at: sighting.orphanedAt?.toISOString() ?? null,
    })),
    timeline: events.map((event) => ({
      event: event.id,
      type: event.type,
      version: event.version,
      seq: event.seq,
      block_hash: codec.formatHash(event.blockHash),
      recorded_at: event.createdAt.toISOString(),
    })),
  }
}
