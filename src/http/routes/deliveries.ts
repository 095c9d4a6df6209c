import { z } from 'zod'
import { getDelivery, listAttempts, listDeliveries } from '../../delivery/delivery-page-store.ts'
import type { Attempt, Delivery } from '../../delivery/delivery.ts'
import { refuseGone, replay, REPLAY_MAX, type Replay } from '../../delivery/replay-store.ts'
import { decodeCursor } from '../../domain/cursor.ts'
import { AppError } from '../../domain/error.ts'
import type { Caller } from '../../environment/api-key-store.ts'
import { appendAudit } from '../../environment/audit-store.ts'
import type { Tx } from '../../store/database.ts'
import { actorOf, callerOf } from '../auth.ts'
import type { App, RouteDeps } from '../deps.ts'
import { FIELDS } from '../fields.ts'
import { given } from '../given.ts'
import { problems } from '../openapi.ts'
import { pageOf, toPage } from '../page.ts'
import { write, type Answer, WriteHeaders } from '../write.ts'

const DeliveryQuery = z.strictObject({
  endpoint: FIELDS.endpoint_id.optional(),
  event: FIELDS.event_id.optional(),
  deposit: FIELDS.deposit_id.optional(),
  state: FIELDS.delivery_state.optional(),
  limit: FIELDS.limit,
  cursor: FIELDS.cursor,
})
const DeliveryParams = z.object({ delivery_id: FIELDS.delivery_id })
const RangeRequest = z.strictObject({ from_seq: FIELDS.from_seq, to_seq: FIELDS.to_seq })

const DeliveryView = z
  .object({
    id: z.string(),
    environment: z.string(),
    endpoint: z.string(),
    event: z.string(),
    deposit: z.string(),
    version: z.int().meta({ description: "The deposit's version that the event speaks of" }),
    state: z.enum(['pending', 'delivered', 'dead']),
    attempts: z.int().meta({ description: 'In the current round; a replay starts a new one' }),
    attempts_total: z.int(),
    next_attempt_at: z.iso.datetime().nullable().meta({ description: 'null unless pending' }),
    created_at: z.iso.datetime(),
    settled_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Delivery' })

const AttemptView = z.object({
  number: z.int(),
  started_at: z.iso.datetime(),
  duration_ms: z.int(),
  outcome: z.string(),
  status: z.int().nullable().meta({ description: 'HTTP status; null when no answer came' }),
  response: z.string().nullable().meta({ description: 'The first kilobyte of the answer' }),
  error: z.string().nullable(),
})

const DeliveryDetail = DeliveryView.extend({
  attempt_log: z.array(AttemptView).meta({ description: 'Newest first, 200 at most' }),
}).meta({ id: 'DeliveryDetail' })

const Replayed = z.object({ replayed: z.int().meta({ description: 'Deliveries due again' }) })

function deliveryView(delivery: Delivery): z.infer<typeof DeliveryView> {
  return {
    id: String(delivery.id),
    environment: delivery.environment,
    endpoint: delivery.endpointId,
    event: delivery.eventId,
    deposit: delivery.depositId,
    version: delivery.version,
    state: delivery.state,
    attempts: delivery.attempts,
    attempts_total: delivery.attemptsTotal,
    next_attempt_at: delivery.state === 'pending' ? delivery.nextAttemptAt.toISOString() : null,
    created_at: delivery.createdAt.toISOString(),
    settled_at: delivery.settledAt?.toISOString() ?? null,
  }
}

function attemptView(attempt: Attempt): z.infer<typeof AttemptView> {
  return {
    number: attempt.number,
    started_at: attempt.startedAt.toISOString(),
    duration_ms: attempt.durationMs,
    outcome: attempt.kind,
    status: attempt.status,
    response: attempt.response?.toString() ?? null,
    error: attempt.error,
  }
}

export function deliveryRoutes(app: App, deps: RouteDeps): void {
  listRoute(app, deps)
  getRoute(app, deps)
  replayRoute(app, deps)
  replayRangeRoute(app, deps)
}

function listRoute(app: App, { db }: RouteDeps): void {
  const schema = {
    tags: ['deliveries'],
    summary: 'List deliveries, newest first',
    querystring: DeliveryQuery,
    response: { 200: pageOf(DeliveryView), ...problems(400) },
  }
  app.get('/v1/deliveries', { schema }, async (request) => {
    const { endpoint, event, deposit, state, limit, cursor } = request.query
    const filter = given({ endpointId: endpoint, eventId: event, depositId: deposit, state })
    const [before] = cursor === undefined ? [null] : decodeCursor(cursor, ['number'])
    const { environment } = callerOf(request)
    const deliveries = await listDeliveries(db, environment, filter, { before, limit: limit + 1 })
    return toPage(deliveries, limit, { item: deliveryView, key: ({ id }) => [id] })
  })
}

function getRoute(app: App, { db }: RouteDeps): void {
  const schema = {
    tags: ['deliveries'],
    summary: 'Get a delivery with its attempts',
    params: DeliveryParams,
    response: { 200: DeliveryDetail, ...problems(400, 404) },
  }
  app.get('/v1/deliveries/:delivery_id', { schema }, async (request) => {
    const { environment } = callerOf(request)
    const id = request.params.delivery_id
    const delivery = await getDelivery(db, environment, Number(id))
    if (delivery === null) throw new AppError('not_found', `there is no delivery ${id}`)
    const attempts = await listAttempts(db, delivery.id)
    return { ...deliveryView(delivery), attempt_log: attempts.map(attemptView) }
  })
}

function replayRoute(app: App, deps: RouteDeps): void {
  const schema = {
    tags: ['deliveries'],
    summary: 'Send a delivery again, under the same event id',
    params: DeliveryParams,
    headers: WriteHeaders,
    response: { 202: Replayed, ...problems(400, 404, 409, 413, 415) },
  }
  app.post('/v1/deliveries/:delivery_id/replay', { schema }, async (request, reply) => {
    const caller = callerOf(request)
    const id = request.params.delivery_id
    await write(deps, request, reply, async (tx) => {
      const delivery = await getDelivery(tx, caller.environment, Number(id))
      if (delivery === null) throw new AppError('not_found', `there is no delivery ${id}`)
      await refuseGone(tx, caller.environment, delivery.endpointId)
      return replayed(tx, deps, caller, { subject: id, what: { deliveryId: delivery.id } })
    })
    deps.onReplay?.()
    return reply
  })
}

function replayRangeRoute(app: App, deps: RouteDeps): void {
  const schema = {
    tags: ['deliveries'],
    summary: 'Send a range of the feed to an endpoint again',
    description:
      `At most ${REPLAY_MAX} events. Also sends what the endpoint never got, because it is younger than the ` +
      'event or was switched off: that is how a receiver catches up.',
    params: z.object({ endpoint_id: FIELDS.endpoint_id }),
    body: RangeRequest,
    headers: WriteHeaders,
    response: { 202: Replayed, ...problems(400, 404, 409, 413, 415) },
  }
  app.post('/v1/endpoints/:endpoint_id/replay', { schema }, async (request, reply) => {
    const caller = callerOf(request)
    const endpointId = request.params.endpoint_id
    const { from_seq: fromSeq, to_seq: toSeq } = request.body
    if (toSeq < fromSeq) {
      throw new AppError('invalid_request', 'to_seq: is below from_seq; swap the two')
    }
    await write(deps, request, reply, async (tx) => {
      await refuseGone(tx, caller.environment, endpointId)
      const what = { endpointId, fromSeq, toSeq }
      return replayed(tx, deps, caller, { subject: endpointId, what })
    })
    deps.onReplay?.()
    return reply
  })
}

async function replayed(
  tx: Tx,
  deps: RouteDeps,
  caller: Caller,
  { subject, what }: { subject: string; what: Replay },
): Promise<Answer> {
  const now = deps.env.clock.now()
  const count = await replay(tx, caller.environment, what, now)
  await appendAudit(tx, {
    environment: caller.environment,
    actor: actorOf(caller),
    action: 'delivery.replayed',
    subject,
    detail: { ...what, count },
    now,
  })
  return { status: 202, body: { replayed: count } }
}
