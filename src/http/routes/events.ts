import { z } from 'zod'
import { AppError } from '../../domain/error.ts'
import { EVENT_TYPES } from '../../domain/event.ts'
import { findEvent, readFeed, type RecordedEvent } from '../../outbox/feed-store.ts'
import { callerOf } from '../auth.ts'
import { DepositEventView } from '../deposit-view.ts'
import type { App, RouteDeps } from '../deps.ts'
import { FEED_MAX, FIELDS } from '../fields.ts'
import { problems } from '../openapi.ts'
import { sendJson } from '../write.ts'

export const EventView = z
  .object({
    id: z.string().meta({ description: 'The `webhook-id` of every attempt to push it' }),
    seq: z.int().nullable().meta({ description: 'Place in the feed; null until it is numbered' }),
    type: z.enum(EVENT_TYPES),
    payload: DepositEventView,
  })
  .meta({ id: 'Event' })

const Feed = z.object({
  data: z.array(EventView.extend({ seq: z.int() })),
  next_after: z.int().meta({
    description: 'Pass as `after` next time; the `after` of this request while nothing is new',
  }),
  has_more: z.boolean(),
})

const FeedQuery = z.strictObject({
  after: FIELDS.after,
  limit: z.coerce.number().int().min(1).max(FEED_MAX).default(100),
})

export function eventRoutes(app: App, deps: RouteDeps): void {
  feedRoute(app, deps)
  getRoute(app, deps)
}

function feedRoute(app: App, { db }: RouteDeps): void {
  const schema = {
    tags: ['events'],
    summary: 'Read the feed',
    description:
      'The same events, ids and bodies as the webhooks, in the order of `seq`, which has no holes: whoever ' +
      'has read up to a `seq` has missed nothing before it.',
    querystring: FeedQuery,
    response: { 200: Feed, ...problems(400) },
  }
  app.get('/v1/events', { schema }, async (request, reply) => {
    const { after, limit } = request.query
    const { environment } = callerOf(request)
    const events = await readFeed(db, { environment, after, limit: limit + 1 })
    const page = events.slice(0, limit)
    const next = page.at(-1)?.seq ?? after
    const data = page.map(withExactBody).join(',')
    const more = events.length > limit
    const body = `{"data":[${data}],"next_after":${next},"has_more":${more}}`
    return sendJson(reply, { status: 200, body })
  })
}

function getRoute(app: App, { db }: RouteDeps): void {
  const schema = {
    tags: ['events'],
    summary: 'Get an event',
    params: z.object({ event_id: FIELDS.event_id }),
    response: { 200: EventView, ...problems(400, 404) },
  }
  app.get('/v1/events/:event_id', { schema }, async (request, reply) => {
    const id = request.params.event_id
    const event = await findEvent(db, { environment: callerOf(request).environment, id })
    if (event === null) throw new AppError('not_found', `there is no event ${id}`)
    return sendJson(reply, { status: 200, body: withExactBody(event) })
  })
}

/** The stored body goes in as text: parsing and printing it again could change the bytes that were signed. */
function withExactBody({ id, seq, type, body }: RecordedEvent): string {
  return `{"id":"${id}","seq":${seq},"type":"${type}","payload":${body}}`
}
