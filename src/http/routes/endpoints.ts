import { z } from 'zod'
import {
  createEndpoint,
  deleteEndpoint,
  getEndpoint,
  listEndpoints,
  rotateSecret,
  updateEndpoint,
} from '../../delivery/endpoint-store.ts'
import type { Endpoint } from '../../delivery/endpoint.ts'
import { newSecret } from '../../delivery/signature.ts'
import { checkTargetUrl } from '../../delivery/target-guard.ts'
import { decodeCursor } from '../../domain/cursor.ts'
import { AppError } from '../../domain/error.ts'
import { EVENT_TYPES } from '../../domain/event.ts'
import { randomId } from '../../domain/id.ts'
import type { Caller } from '../../environment/api-key-store.ts'
import { appendAudit } from '../../environment/audit-store.ts'
import type { Tx } from '../../store/database.ts'
import { actorOf, callerOf } from '../auth.ts'
import type { App, RouteDeps } from '../deps.ts'
import { FIELDS } from '../fields.ts'
import { problems } from '../openapi.ts'
import { pageOf, toPage } from '../page.ts'
import { write, WriteHeaders } from '../write.ts'

const EndpointRequest = z.strictObject({
  url: FIELDS.url,
  description: FIELDS.description.default(''),
  event_types: FIELDS.event_types.default(null),
})

const EndpointPatch = z.strictObject({
  url: FIELDS.url.exactOptional(),
  description: FIELDS.description.exactOptional(),
  event_types: FIELDS.event_types.exactOptional(),
  state: FIELDS.endpoint_state.exactOptional(),
})

const Rotation = z.strictObject({ overlap_seconds: FIELDS.overlap_seconds }).nullish()
/** A day: time to deploy the new secret without hurry. */
const OVERLAP_SECONDS = 86_400

const EndpointQuery = z.strictObject({ limit: FIELDS.limit, cursor: FIELDS.cursor })
const EndpointParams = z.object({ endpoint_id: FIELDS.endpoint_id })

const EndpointView = z
  .object({
    id: z.string(),
    environment: z.string(),
    url: z.string(),
    description: z.string(),
    event_types: z.array(z.enum(EVENT_TYPES)).nullable().meta({ description: 'null: all' }),
    state: z
      .enum(['enabled', 'disabled', 'gone'])
      .meta({ description: '`gone`: it answered 410 and gets nothing until it is enabled again' }),
    failures: z.int().meta({ description: 'Failed attempts in a row' }),
    paused_until: z.iso.datetime().nullable().meta({ description: 'Its circuit breaker is open' }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Endpoint' })

const Secret = z
  .string()
  .nullable()
  .meta({ description: '`whsec_…`, shown this once: null in a replayed answer' })
const CreatedEndpoint = EndpointView.extend({ secret: Secret }).meta({ id: 'CreatedEndpoint' })
const RotatedSecret = z.object({
  id: z.string(),
  secret: Secret,
  previous_secrets_expire_at: z.iso.datetime(),
})

export function endpointView(endpoint: Endpoint): z.infer<typeof EndpointView> {
  return {
    id: endpoint.id,
    environment: endpoint.environment,
    url: endpoint.url,
    description: endpoint.description,
    event_types: endpoint.eventTypes === null ? null : [...endpoint.eventTypes],
    state: endpoint.state,
    failures: endpoint.breaker.failures,
    paused_until: endpoint.breaker.openUntil?.toISOString() ?? null,
    created_at: endpoint.createdAt.toISOString(),
    updated_at: endpoint.updatedAt.toISOString(),
  }
}

export function endpointRoutes(app: App, deps: RouteDeps): void {
  createRoute(app, deps)
  readRoutes(app, deps)
  patchRoute(app, deps)
  deleteRoute(app, deps)
  rotateRoute(app, deps)
}

function createRoute(app: App, deps: RouteDeps): void {
  const schema = {
    tags: ['endpoints'],
    summary: 'Create an endpoint; its signing secret is shown this once',
    body: EndpointRequest,
    headers: WriteHeaders,
    response: { 201: CreatedEndpoint, ...problems(400, 409, 413, 415, 422) },
  }
  app.post('/v1/endpoints', { schema }, async (request, reply) => {
    const caller = callerOf(request)
    const { description, event_types: eventTypes } = request.body
    const url = checkTargetUrl(request.body.url, deps.webhookAllow).href
    return write(deps, request, reply, async (tx) => {
      const id = randomId('ep', deps.env.random)
      const secret = newSecret(deps.env.random)
      const { environment } = caller
      const created = { id, environment, url, description, eventTypes, secret }
      const endpoint = await createEndpoint(tx, created, deps.env.clock.now())
      await audit(tx, deps, caller, { action: 'endpoint.created', endpoint })
      return { status: 201, body: { ...endpointView(endpoint), secret: null }, once: { secret } }
    })
  })
}

function readRoutes(app: App, { db }: RouteDeps): void {
  const list = {
    tags: ['endpoints'],
    summary: 'List endpoints, in the order of their ids',
    querystring: EndpointQuery,
    response: { 200: pageOf(EndpointView), ...problems(400) },
  }
  app.get('/v1/endpoints', { schema: list }, async (request) => {
    const { limit, cursor } = request.query
    const [after] = cursor === undefined ? [null] : decodeCursor(cursor, ['string'])
    const { environment } = callerOf(request)
    const endpoints = await listEndpoints(db, environment, { after, limit: limit + 1 })
    return toPage(endpoints, limit, { item: endpointView, key: ({ id }) => [id] })
  })

  const get = {
    tags: ['endpoints'],
    summary: 'Get an endpoint, without its secret',
    params: EndpointParams,
    response: { 200: EndpointView, ...problems(400, 404) },
  }
  app.get('/v1/endpoints/:endpoint_id', { schema: get }, async (request) => {
    const id = request.params.endpoint_id
    return endpointView(found(await getEndpoint(db, callerOf(request).environment, id), id))
  })
}

function patchRoute(app: App, deps: RouteDeps): void {
  const schema = {
    tags: ['endpoints'],
    summary: 'Change an endpoint',
    params: EndpointParams,
    body: EndpointPatch,
    headers: WriteHeaders,
    response: { 200: EndpointView, ...problems(400, 404, 409, 413, 415, 422) },
  }
  app.patch('/v1/endpoints/:endpoint_id', { schema }, async (request, reply) => {
    const caller = callerOf(request)
    const { event_types: eventTypes, url, ...others } = request.body
    const changes = {
      ...others,
      ...(url === undefined ? {} : { url: checkTargetUrl(url, deps.webhookAllow).href }),
      ...(eventTypes === undefined ? {} : { eventTypes }),
    }
    const id = request.params.endpoint_id
    await write(deps, request, reply, async (tx) => {
      const which = { environment: caller.environment, id }
      const endpoint = found(await updateEndpoint(tx, which, changes, deps.env.clock.now()), id)
      await audit(tx, deps, caller, { action: 'endpoint.updated', endpoint })
      return { status: 200, body: endpointView(endpoint) }
    })
    if (changes.state === 'enabled') deps.onReplay?.()
    return reply
  })
}

function deleteRoute(app: App, deps: RouteDeps): void {
  const schema = {
    tags: ['endpoints'],
    summary: 'Switch an endpoint off',
    description: 'It receives nothing more. It stays on record with its deliveries, as `disabled`.',
    params: EndpointParams,
    headers: WriteHeaders,
    response: { 200: EndpointView, ...problems(400, 404, 409, 413, 415) },
  }
  app.delete('/v1/endpoints/:endpoint_id', { schema }, async (request, reply) => {
    const caller = callerOf(request)
    const id = request.params.endpoint_id
    return write(deps, request, reply, async (tx) => {
      const which = { environment: caller.environment, id }
      const endpoint = found(await deleteEndpoint(tx, which, deps.env.clock.now()), id)
      await audit(tx, deps, caller, { action: 'endpoint.deleted', endpoint })
      return { status: 200, body: endpointView(endpoint) }
    })
  })
}

function rotateRoute(app: App, deps: RouteDeps): void {
  const schema = {
    tags: ['endpoints'],
    summary: 'Rotate the signing secret; the new one is shown this once',
    description: 'While they overlap, every request carries a signature for each secret.',
    params: EndpointParams,
    body: Rotation,
    headers: WriteHeaders,
    response: { 200: RotatedSecret, ...problems(400, 404, 409, 413, 415) },
  }
  app.post('/v1/endpoints/:endpoint_id/rotate-secret', { schema }, async (request, reply) => {
    const caller = callerOf(request)
    const id = request.params.endpoint_id
    const overlapMs = (request.body?.overlap_seconds ?? OVERLAP_SECONDS) * 1_000
    return write(deps, request, reply, async (tx) => {
      const endpoint = found(await getEndpoint(tx, caller.environment, id), id)
      const secret = newSecret(deps.env.random)
      const now = deps.env.clock.now()
      await rotateSecret(tx, { endpointId: id, secret, overlapMs }, now)
      await audit(tx, deps, caller, { action: 'endpoint.secret_rotated', endpoint })
      const expiry = new Date(now.getTime() + overlapMs).toISOString()
      const body = { id, secret: null, previous_secrets_expire_at: expiry }
      return { status: 200, body, once: { secret } }
    })
  })
}

function found(endpoint: Endpoint | null, id: string): Endpoint {
  if (endpoint === null) throw new AppError('not_found', `there is no endpoint ${id}`)
  return endpoint
}

function audit(
  tx: Tx,
  { env }: RouteDeps,
  caller: Caller,
  { action, endpoint }: { action: string; endpoint: Endpoint },
): Promise<void> {
  return appendAudit(tx, {
    environment: caller.environment,
    actor: actorOf(caller),
    action,
    subject: endpoint.id,
    detail: endpointView(endpoint),
    now: env.clock.now(),
  })
}
