import { z } from 'zod'
import { decodeCursor } from '../../domain/cursor.ts'
import { AppError } from '../../domain/error.ts'
import { railsOf } from '../../environment/environment-store.ts'
import { findAddress, listAddresses } from '../../match/address-store.ts'
import { AddressRequest, checkEntry, registerOne } from '../address-request.ts'
import { AddressView, addressView } from '../address-view.ts'
import { actorOf, callerOf } from '../auth.ts'
import type { App, RouteDeps } from '../deps.ts'
import { FIELDS } from '../fields.ts'
import { problems } from '../openapi.ts'
import { pageOf, toPage } from '../page.ts'
import { write, WriteHeaders } from '../write.ts'

const AddressQuery = z.strictObject({
  rail: FIELDS.rail.optional(),
  owner: FIELDS.owner.optional(),
  address: FIELDS.address.optional(),
  limit: FIELDS.limit,
  cursor: FIELDS.cursor,
})

export function addressRoutes(app: App, deps: RouteDeps): void {
  registerRoute(app, deps)
  listRoute(app, deps)
  getRoute(app, deps)
}

function registerRoute(app: App, deps: RouteDeps): void {
  const { db, env, rails } = deps
  const schema = {
    tags: ['addresses'],
    summary: 'Register a deposit address',
    description:
      'Effective at once: deposits in every later block are found. The same address for the same owner is 200; ' +
      'an earlier `watch_from` than before is taken over, nothing else is. For another owner it is 409. A ' +
      '`watch_from` below the first block that the daemon watched is 400: that history is the operator’s to read.',
    body: AddressRequest,
    headers: WriteHeaders,
    response: { 200: AddressView, 201: AddressView, ...problems(400, 409, 413, 415, 422) },
  }
  app.post('/v1/addresses', { schema }, async (request, reply) => {
    const caller = callerOf(request)
    const { environment } = caller
    const checked = checkEntry(request.body, rails, await railsOf(db, environment))
    const actor = actorOf(caller)
    const registrar = { environment, actor, now: env.clock.now(), isOperator: false }
    await write(deps, request, reply, async (tx) => {
      const { created, view } = await registerOne(tx, checked, registrar, rails)
      return { status: created ? 201 : 200, body: view }
    })
    return reply
  })
}

function listRoute(app: App, { db, rails }: RouteDeps): void {
  const schema = {
    tags: ['addresses'],
    summary: 'List addresses, newest first',
    querystring: AddressQuery,
    response: { 200: pageOf(AddressView), ...problems(400) },
  }
  app.get('/v1/addresses', { schema }, async (request) => {
    const { rail, owner, address, limit, cursor } = request.query
    const [beforeId] = cursor === undefined ? [] : decodeCursor(cursor, ['number'])
    const records = await listAddresses(db, {
      environment: callerOf(request).environment,
      rail,
      owner,
      ...(address === undefined ? {} : rails.findAddress(address, rail)),
      beforeId,
      limit: limit + 1,
    })
    return toPage(records, limit, {
      item: (record) => addressView(record, rails),
      key: (record) => [record.id],
    })
  })
}

function getRoute(app: App, { db, rails }: RouteDeps): void {
  const schema = {
    tags: ['addresses'],
    summary: 'Get an address',
    params: z.object({ address_id: FIELDS.address_id }),
    response: { 200: AddressView, ...problems(400, 404) },
  }
  app.get('/v1/addresses/:address_id', { schema }, async (request) => {
    const id = request.params.address_id
    const record = await findAddress(db, {
      environment: callerOf(request).environment,
      id: Number(id),
    })
    if (record === null) throw new AppError('not_found', `there is no address ${id}`)
    return addressView(record, rails)
  })
}
