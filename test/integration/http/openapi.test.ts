import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createWorld } from './world.ts'

const OPERATIONS = [
  'DELETE /v1/endpoints/{endpoint_id}',
  'GET /livez',
  'GET /metrics',
  'GET /readyz',
  'GET /v1/addresses',
  'GET /v1/addresses/{address_id}',
  'GET /v1/chains',
  'GET /v1/deliveries',
  'GET /v1/deliveries/{delivery_id}',
  'GET /v1/deposits',
  'GET /v1/deposits/{deposit_id}',
  'GET /v1/endpoints',
  'GET /v1/endpoints/{endpoint_id}',
  'GET /v1/environment',
  'GET /v1/events',
  'GET /v1/events/{event_id}',
  'GET /v1/explain/{subject}',
  'GET /v1/findings',
  'GET /v1/findings/{finding_id}',
  'PATCH /v1/endpoints/{endpoint_id}',
  'POST /v1/addresses',
  'POST /v1/addresses/bulk',
  'POST /v1/deliveries/{delivery_id}/replay',
  'POST /v1/endpoints',
  'POST /v1/endpoints/{endpoint_id}/replay',
  'POST /v1/endpoints/{endpoint_id}/rotate-secret',
  'POST /v1/policy-trials',
]

test('the document is OpenAPI 3.1 with every route and every event', async (t) => {
  const world = await createWorld(t)
  const { status, json } = await world.call('GET', '/openapi.json', { key: '' })
  assert.equal(status, 200)
  assert.match(json.openapi, /^3\.1\./)
  const operations = Object.entries<object>(json.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  )
  assert.deepEqual(operations.toSorted(), OPERATIONS)
  assert.deepEqual(Object.keys(json.webhooks), [
    'deposit.detected',
    'deposit.confirmed',
    'deposit.final',
    'deposit.orphaned',
    'deposit.reversed',
  ])
})

test('no $ref dangles, and no schema is there for nothing', async (t) => {
  const world = await createWorld(t)
  const { text, json } = await world.call('GET', '/openapi.json', { key: '' })
  const refs = new Set(
    Array.from(text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g), ([, name = '']) => name),
  )
  assert.ok(refs.has('DepositEvent') && refs.has('Problem'))
  assert.deepEqual([...refs].toSorted(), Object.keys(json.components.schemas).toSorted())
  assert.equal(text.match(/"\$ref"/g)?.length, text.match(/"#\/components\/schemas\//g)?.length)
})

test('every keyed operation says what it answers without a key, and while the database is away', async (t) => {
  for (const { what, path, responses } of await operations(t)) {
    assert.equal('401' in responses, path.startsWith('/v1/'), what)
    if (path.startsWith('/v1/')) assert.ok('503' in responses, what)
  }
})

/** A stream, which has no one answer, and what writes nothing. */
const WITHOUT_KEY = ['/v1/addresses/bulk', '/v1/policy-trials']

test('every write takes an Idempotency-Key, but for those that have no use for one', async (t) => {
  for (const { what, method, path, parameters = [] } of await operations(t)) {
    const headers = parameters.filter((parameter) => parameter.in === 'header')
    const takesKey = method !== 'get' && !WITHOUT_KEY.includes(path)
    assert.deepEqual(
      headers.map(({ name }) => name),
      takesKey ? ['idempotency-key'] : [],
      what,
    )
  }
})

async function operations(t: TestContext) {
  const world = await createWorld(t)
  const { json } = await world.call('GET', '/openapi.json', { key: '' })
  return Object.entries<Record<string, Operation>>(json.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => {
      return { ...operation, what: `${method} ${path}`, method, path }
    }),
  )
}

interface Operation {
  readonly responses: object
  readonly parameters?: readonly { readonly in: string; readonly name: string }[]
}
