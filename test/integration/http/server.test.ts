import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { revokeApiKey } from '../../../src/environment/api-key-store.ts'
import { createWorld } from './world.ts'

test('without a valid key nothing under /v1 answers, not even with 404 or 400', async (t) => {
  const world = await createWorld(t)
  const unknown = 'settled_live_00000000000000000000000000'
  for (const key of ['', 'nonsense', unknown, `${world.acme}x`]) {
    const answer = await world.call('GET', '/v1/deposits?limit=0', { key })
    assert.deepEqual([answer.status, answer.json.code], [401, 'unauthorized'], key)
    assert.equal(answer.headers['www-authenticate'], 'Bearer')
  }
  const basic = { authorization: `Basic ${world.acme}` }
  assert.equal((await world.call('GET', '/v1/events', { key: '', headers: basic })).status, 401)
})

test('a revoked key is dead at once', async (t) => {
  const world = await createWorld(t)
  assert.equal((await world.call('GET', '/v1/events')).status, 200)
  const { id } = await world.db
    .selectFrom('api_key')
    .select('id')
    .where('environment_id', '=', 'acme-live')
    .executeTakeFirstOrThrow()
  const revocation = { environment: 'acme-live', id, now: world.now }
  await world.db.transaction().execute((tx) => revokeApiKey(tx, revocation))
  assert.equal((await world.call('GET', '/v1/events')).status, 401)
})

test('every way to be wrong is a problem of RFC 9457', async (t) => {
  const world = await createWorld(t)
  const json = { 'content-type': 'application/json' }
  const cases = [
    ['GET', '/v1/nothing', {}, 404, 'not_found'],
    ['GET', '/', {}, 404, 'not_found'],
    ['DELETE', '/v1/addresses', {}, 405, 'method_not_allowed'],
    ['POST', '/v1/deposits/dep_a', {}, 405, 'method_not_allowed'],
    ['POST', '/v1/addresses', { body: '{"rail":', headers: json }, 400, 'invalid_request'],
    ['POST', '/v1/addresses', { body: '', headers: json }, 400, 'invalid_request'],
    ['POST', '/v1/addresses', {}, 400, 'invalid_request'],
    ['POST', '/v1/addresses', { body: { owner: 'x'.repeat(65_536) } }, 413, 'payload_too_large'],
    [
      'POST',
      '/v1/addresses',
      { body: 'a', headers: { 'content-type': 'text/plain' } },
      415,
      'unsupported_media_type',
    ],
    ['POST', '/v1/addresses/bulk', { body: '{}', headers: json }, 415, 'unsupported_media_type'],
    ['GET', '/v1/addresses/%zz', {}, 400, 'invalid_request'],
    ['GET', '/v1/addresses/0', {}, 400, 'invalid_request'],
    ['GET', '/v1/addresses/9999999999999999', {}, 400, 'invalid_request'],
    ['GET', '/v1/addresses/123456789', {}, 404, 'not_found'],
    ['GET', '/v1/deposits/dep_%00', {}, 400, 'invalid_request'],
    ['GET', '/v1/endpoints/ep_none', {}, 404, 'not_found'],
    ['GET', '/v1/deliveries/1', {}, 404, 'not_found'],
  ] as const
  for (const [method, url, options, status, code] of cases) {
    const answer = await world.call(method, url, options)
    const what = `${method} ${url}: ${answer.text}`
    assert.equal(answer.status, status, what)
    assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8', what)
    const { type, title, detail } = answer.json
    assert.deepEqual([answer.json.status, answer.json.code], [status, code], what)
    assert.equal(type, `urn:settled:error:${code}`)
    assert.ok(title.length > 0 && detail.length > 0, what)
  }
})

test('405 says what is possible', async (t) => {
  const world = await createWorld(t)
  const { headers } = await world.call('PATCH', '/v1/addresses')
  assert.equal(headers['allow'], 'GET, HEAD, POST')
})

test('a failure of ours tells the caller nothing but that, and the log everything', async (t) => {
  const world = await createWorld(t)
  await world.db.schema.dropTable('feed_head').execute()
  await world.db.schema.alterTable('event').renameTo('elsewhere').execute()
  const answer = await world.call('GET', '/v1/events')
  assert.deepEqual([answer.status, answer.json.code], [500, 'internal'])
  assert.doesNotMatch(answer.text, /elsewhere|relation|event"|\.ts/)
  assert.match(world.logged.join(''), /relation \\"event\\" does not exist/)
})

test('the log has one line per request, with the route and without keys or ids', async (t) => {
  const world = await createWorld(t)
  await world.call('GET', '/v1/deposits/dep_secret')
  const line = JSON.parse(world.logged.at(-1) ?? '')
  assert.equal(line.route, '/v1/deposits/:deposit_id')
  assert.equal(line.status, 404)
  assert.equal(line.environment, 'acme-live')
  assert.ok(!world.logged.join('').includes('dep_secret'))
  assert.ok(!world.logged.join('').includes(world.acme))
})

test('what is not HTTP gets a problem too, and the socket closed', async (t) => {
  const world = await createWorld(t)
  await world.app.listen({ host: '127.0.0.1', port: 0 })
  const address = world.app.server.address()
  assert.ok(address !== null && typeof address === 'object')
  for (const bytes of ['NONSENSE\r\n\r\n', `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`]) {
    const socket = connect(address.port, '127.0.0.1')
    socket.write(bytes)
    const answer = await text(socket)
    assert.match(
      answer,
      /^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json\r\n/,
    )
    const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))
    assert.equal(body.code, 'invalid_request')
  }
})

test('livez and metrics need no key; readyz says in words what is wrong', async (t) => {
  const world = await createWorld(t)
  const live = await world.call('GET', '/livez', { key: '' })
  assert.deepEqual([live.status, live.json], [200, { status: 'ok' }])

  const metrics = await world.call('GET', '/metrics', { key: '' })
  assert.equal(metrics.status, 200)
  assert.match(metrics.text, /^# TYPE settled_tip_height gauge$/m)

  const problem = 'ethereum: the tip is 900 s old; look at its providers'
  const chains = [{ chain: 'ethereum', problem }]
  world.readiness = { ready: true, healthy: false, database: null, chains }
  const ready = await world.call('GET', '/readyz', { key: '' })
  assert.deepEqual([ready.status, ready.json], [200, world.readiness])
  world.readiness = { ready: false, healthy: false, database: 'cannot be reached', chains }
  const unready = await world.call('GET', '/readyz', { key: '' })
  assert.deepEqual([unready.status, unready.json], [503, world.readiness])
})
