import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seedDelivery, seedDeposit, seedEvent } from './seed.ts'
import { createWorld, type World } from './world.ts'

const URL = 'https://hooks.example.com/settled'

async function endpoint(world: World, body: object = {}): Promise<string> {
  const { json } = await world.call('POST', '/v1/endpoints', { body: { url: URL, ...body } })
  return json.id
}

test('a new endpoint shows its secret once and never again', async (t) => {
  const world = await createWorld(t)
  const created = await world.call('POST', '/v1/endpoints', {
    body: { url: URL, description: 'ledger', event_types: ['deposit.final'] },
  })
  assert.equal(created.status, 201)
  const { id, secret, ...rest } = created.json
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
  assert.deepEqual(rest, {
    environment: 'acme-live',
    url: URL,
    description: 'ledger',
    event_types: ['deposit.final'],
    state: 'enabled',
    failures: 0,
    paused_until: null,
    created_at: '2026-03-01T12:00:00.000Z',
    updated_at: '2026-03-01T12:00:00.000Z',
  })
  const got = await world.call('GET', `/v1/endpoints/${id}`)
  assert.deepEqual(got.json, { id, ...rest })
  const listed = await world.call('GET', '/v1/endpoints')
  assert.deepEqual(listed.json.data, [{ id, ...rest }])
  const audit = await world.db.selectFrom('audit_entry').selectAll().execute()
  assert.equal(audit[0]?.action, 'endpoint.created')
  assert.ok(!JSON.stringify(audit).includes('whsec_'))
})

test('a target that points inside, or is no URL, is refused and not stored', async (t) => {
  const world = await createWorld(t)
  const cases = [
    ['https://10.0.0.1/hook', 422, 'target_forbidden'],
    ['https://169.254.169.254/latest', 422, 'target_forbidden'],
    ['https://user:word@example.com/', 400, 'invalid_url'],
    ['ftp://example.com/', 400, 'invalid_url'],
    ['not a url', 400, 'invalid_url'],
  ]
  for (const [url, status, code] of cases) {
    const { json } = await world.call('POST', '/v1/endpoints', { body: { url } })
    assert.deepEqual(
      [json.status, json.code, json.errors[0].field],
      [status, code, 'url'],
      `${url}`,
    )
  }
  const id = await endpoint(world)
  const patched = await world.call('PATCH', `/v1/endpoints/${id}`, {
    body: { url: 'https://10.1.1.1/' },
  })
  assert.equal(patched.json.code, 'target_forbidden')
  const { json } = await world.call('GET', '/v1/endpoints')
  assert.deepEqual(
    json.data.map((each: { url: string }) => each.url),
    [URL],
  )
})

test('other bad fields are named', async (t) => {
  const world = await createWorld(t)
  const cases: [object, string][] = [
    [{ url: URL, event_types: [] }, 'event_types'],
    [{ url: URL, event_types: ['deposit.paid'] }, 'event_types.0'],
    [{ url: URL, description: 'x'.repeat(256) }, 'description'],
    [{ url: URL, secret: 'mine' }, 'secret'],
    [{}, 'url'],
  ]
  for (const [body, field] of cases) {
    const { json } = await world.call('POST', '/v1/endpoints', { body })
    assert.deepEqual([json.status, json.errors[0].field], [400, field])
  }
})

test('PATCH changes what it names; DELETE switches off and keeps the record', async (t) => {
  const world = await createWorld(t)
  const id = await endpoint(world, { description: 'old', event_types: ['deposit.final'] })
  world.now = new Date('2026-03-01T13:00:00Z')
  const patched = await world.call('PATCH', `/v1/endpoints/${id}`, {
    body: { description: 'new', event_types: null },
  })
  assert.equal(patched.status, 200)
  assert.equal(patched.json.description, 'new')
  assert.equal(patched.json.event_types, null)
  assert.equal(patched.json.url, URL)
  assert.equal(patched.json.updated_at, '2026-03-01T13:00:00.000Z')

  const deleted = await world.call('DELETE', `/v1/endpoints/${id}`)
  assert.deepEqual([deleted.status, deleted.json.state], [200, 'disabled'])
  assert.equal((await world.call('GET', `/v1/endpoints/${id}`)).json.state, 'disabled')
})

test('rotating a secret shows the new one and says when the old one ends', async (t) => {
  const world = await createWorld(t)
  const id = await endpoint(world)
  const url = `/v1/endpoints/${id}/rotate-secret`
  const byDefault = await world.call('POST', url)
  assert.equal(byDefault.status, 200, byDefault.text)
  assert.match(byDefault.json.secret, /^whsec_/)
  assert.equal(byDefault.json.previous_secrets_expire_at, '2026-03-02T12:00:00.000Z')
  const hour = await world.call('POST', url, { body: { overlap_seconds: 3_600 } })
  assert.equal(hour.json.previous_secrets_expire_at, '2026-03-01T13:00:00.000Z')
  assert.notEqual(hour.json.secret, byDefault.json.secret)
  const long = await world.call('POST', url, { body: { overlap_seconds: 604_801 } })
  assert.equal(long.json.errors[0].field, 'overlap_seconds')
})

test('a dead delivery shows its attempts and can be sent again under the same event', async (t) => {
  const world = await createWorld(t)
  const id = await endpoint(world)
  await seedDeposit(world.db, { id: 'dep_a' })
  await seedEvent(world.db, { id: 'evt_1', deposit: 'dep_a', seq: 1 })
  const delivery = await seedDelivery(world.db, {
    endpoint: id,
    event: 'evt_1',
    deposit: 'dep_a',
    state: 'dead',
  })
  await world.db
    .insertInto('attempt')
    .values({
      delivery_id: delivery,
      number: 10,
      started_at: new Date('2026-03-01T11:00:00Z'),
      duration_ms: 12,
      outcome: 'rejected',
      status: 500,
      response: Buffer.from('oops'),
      error: null,
    })
    .execute()
  const dead = await world.call('GET', `/v1/deliveries?state=dead&endpoint=${id}&event=evt_1`)
  assert.equal(dead.json.data[0].next_attempt_at, null)
  const detail = await world.call('GET', `/v1/deliveries/${delivery}`)
  assert.deepEqual(detail.json.attempt_log, [
    {
      number: 10,
      started_at: '2026-03-01T11:00:00.000Z',
      duration_ms: 12,
      outcome: 'rejected',
      status: 500,
      response: 'oops',
      error: null,
    },
  ])
  const replayed = await world.call('POST', `/v1/deliveries/${delivery}/replay`)
  assert.deepEqual([replayed.status, replayed.json], [202, { replayed: 1 }])
  const { json } = await world.call('GET', `/v1/deliveries/${delivery}`)
  assert.equal(json.state, 'pending')
  assert.equal(json.event, 'evt_1')
  assert.equal(json.attempts, 0)
  assert.equal(json.attempts_total, 10)
  assert.equal(json.next_attempt_at, '2026-03-01T12:00:00.000Z')
})

test('a range of the feed is sent again, what was never sent included', async (t) => {
  const world = await createWorld(t)
  const id = await endpoint(world)
  await seedDeposit(world.db, { id: 'dep_a' })
  for (let seq = 1; seq <= 4; seq += 1) {
    await seedEvent(world.db, { id: `evt_${seq}`, deposit: 'dep_a', version: seq, seq })
  }
  const replay = (body: object) => world.call('POST', `/v1/endpoints/${id}/replay`, { body })
  const { status, json } = await replay({ from_seq: 2, to_seq: 3 })
  assert.deepEqual([status, json], [202, { replayed: 2 }])
  const pending = await world.call('GET', '/v1/deliveries?state=pending')
  assert.deepEqual(
    pending.json.data.map((delivery: { event: string }) => delivery.event),
    ['evt_3', 'evt_2'],
  )
  assert.equal((await replay({ from_seq: 3, to_seq: 2 })).json.errors[0].field, 'to_seq')
  assert.equal((await replay({ from_seq: 1, to_seq: 10_001 })).json.errors[0].field, 'to_seq')
  assert.equal((await replay({ from_seq: 0, to_seq: 2 })).json.errors[0].field, 'from_seq')
})

test('an endpoint that said 410 gets no replay before it is enabled again', async (t) => {
  const world = await createWorld(t)
  const id = await endpoint(world)
  await world.db.updateTable('endpoint').set({ state: 'gone' }).execute()
  const body = { from_seq: 1, to_seq: 1 }
  const refused = await world.call('POST', `/v1/endpoints/${id}/replay`, { body })
  assert.deepEqual([refused.status, refused.json.errors[0].field], [400, 'endpoint'])
  await world.call('PATCH', `/v1/endpoints/${id}`, { body: { state: 'enabled' } })
  const allowed = await world.call('POST', `/v1/endpoints/${id}/replay`, { body })
  assert.equal(allowed.status, 202)
})

test("another environment's endpoints and deliveries do not exist", async (t) => {
  const world = await createWorld(t)
  const id = await endpoint(world)
  await seedDeposit(world.db, { id: 'dep_a' })
  await seedEvent(world.db, { id: 'evt_1', deposit: 'dep_a', seq: 1 })
  const seed = { endpoint: id, event: 'evt_1', deposit: 'dep_a', state: 'dead' } as const
  const delivery = await seedDelivery(world.db, seed)
  const requests = [
    ['GET', `/v1/endpoints/${id}`],
    ['PATCH', `/v1/endpoints/${id}`, { state: 'disabled' }],
    ['DELETE', `/v1/endpoints/${id}`],
    ['POST', `/v1/endpoints/${id}/rotate-secret`, {}],
    ['POST', `/v1/endpoints/${id}/replay`, { from_seq: 1, to_seq: 1 }],
    ['GET', `/v1/deliveries/${delivery}`],
    ['POST', `/v1/deliveries/${delivery}/replay`],
  ] as const
  for (const [method, url, body] of requests) {
    const { status, json } = await world.call(method, url, { key: world.globex, body })
    assert.deepEqual([status, json.code], [404, 'not_found'], `${method} ${url}`)
  }
  for (const url of ['/v1/endpoints', '/v1/deliveries', `/v1/deliveries?endpoint=${id}`]) {
    assert.deepEqual((await world.call('GET', url, { key: world.globex })).json.data, [], url)
  }
  assert.equal((await world.call('GET', `/v1/endpoints/${id}`)).json.state, 'enabled')
  assert.equal((await world.call('GET', `/v1/deliveries/${delivery}`)).json.state, 'dead')
})
