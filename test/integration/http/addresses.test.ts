import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ALICE,
  BOB,
  createWorld,
  epochs,
  ETHEREUM,
  POLYGON_USDT,
  setTip,
  USDC,
  USDT,
} from './world.ts'

const ALICE_LOWER = '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed'

test('a new address is 201, shown in the form of its chain, and can be read back', async (t) => {
  const world = await createWorld(t)
  await setTip(world.db, ETHEREUM, 100)
  const body = { rail: USDT, address: ALICE_LOWER, owner: 'customer-1' }
  const created = await world.call('POST', '/v1/addresses', { body })
  assert.equal(created.status, 201, created.text)
  const { id, ...rest } = created.json
  assert.deepEqual(rest, {
    environment: 'acme-live',
    rail: 'ethereum/usdt',
    chain: 'eip155:1',
    address: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
    owner: 'customer-1',
    watch_from: null,
    registered_height: 100,
    registered_at: '2026-03-01T12:00:00.000Z',
  })
  assert.deepEqual(await epochs(world.db), ['eip155:1 at 1'])
  assert.deepEqual((await world.call('GET', `/v1/addresses/${id}`)).json, created.json)
})

test('the same owner again is 200 and changes nothing; another owner is 409', async (t) => {
  const world = await createWorld(t)
  const body = { rail: USDT, address: ALICE, owner: 'customer-1' }
  const created = await world.call('POST', '/v1/addresses', { body })

  const same = await world.call('POST', '/v1/addresses', { body })
  assert.equal(same.status, 200)
  assert.deepEqual(same.json, created.json)

  const other = { ...body, owner: 'customer-2' }
  const taken = await world.call('POST', '/v1/addresses', { body: other })
  assert.equal(taken.status, 409)
  assert.equal(taken.json.code, 'address_taken')
  assert.deepEqual(taken.json.errors, [
    {
      field: 'address',
      detail: `${ALICE} on ethereum/usdt belongs to another owner`,
      remedy: 'give each owner an address of their own',
    },
  ])
  assert.equal((await world.call('GET', '/v1/addresses')).json.data.length, 1)
})

test('the same owner may ask for an earlier start: it is 200, told, read, and on record', async (t) => {
  const world = await createWorld(t)
  await setTip(world.db, ETHEREUM, 100)
  const body = { rail: USDT, address: ALICE, owner: 'customer-1' }
  const created = await world.call('POST', '/v1/addresses', { body: { ...body, watch_from: 60 } })
  const earlier = { ...body, watch_from: 5 }
  const widened = await world.call('POST', '/v1/addresses', { body: earlier })
  assert.equal(widened.status, 200)
  assert.deepEqual(widened.json, { ...created.json, watch_from: 5 })
  for (const later of [body, { ...body, watch_from: 70 }]) {
    const same = await world.call('POST', '/v1/addresses', { body: later })
    assert.deepEqual(same.json, widened.json)
  }
  const rescans = await world.db.selectFrom('rescan').select(['from_height', 'to_height']).execute()
  assert.deepEqual(rescans, [{ from_height: 5, to_height: 100 }])
  const entries = await world.db.selectFrom('audit_entry').select(['action', 'subject']).execute()
  assert.deepEqual(entries.slice(1), [{ action: 'address.widened', subject: created.json.id }])
})

test('history below the first watched block is for the operator: the refusal names field, floor and remedy', async (t) => {
  const world = await createWorld(t)
  const before = { rail: USDT, address: BOB, owner: 'customer-2', watch_from: 0 }
  const register = (body: object) => world.call('POST', '/v1/addresses', { body })
  assert.equal((await register(before)).status, 201, 'no first block, no floor')
  await setTip(world.db, ETHEREUM, 100, 90)
  const late = { rail: USDT, address: ALICE, owner: 'customer-1' }
  const refused = await register({ ...late, watch_from: 89 })
  assert.equal(refused.status, 400)
  assert.equal(refused.json.code, 'invalid_request')
  assert.deepEqual(refused.json.errors, [
    {
      field: 'watch_from',
      detail: '89 is below block 90, the first one that is watched on ethereum/usdt',
      remedy: 'use 90 or more, or ask the operator for "settled address add … --watch-from 89"',
    },
  ])
  assert.equal((await world.call('GET', '/v1/addresses')).json.data.length, 1)
  const created = await register({ ...late, watch_from: 90 })
  assert.equal(created.status, 201)
  const widened = await register({ ...late, watch_from: 89 })
  assert.deepEqual([widened.status, widened.json.errors[0].field], [400, 'watch_from'])
  const unchanged = await world.call('GET', `/v1/addresses/${created.json.id}`)
  assert.equal(unchanged.json.watch_from, 90)
  const rescans = await world.db.selectFrom('rescan').select('from_height').execute()
  assert.deepEqual(rescans, [{ from_height: 90 }])

  const again = await register({ ...before, watch_from: 5 })
  assert.deepEqual([again.status, again.json.watch_from], [200, 0], 'a wish from before is kept')
  const thief = await register({ ...before, owner: 'customer-1' })
  assert.equal(thief.json.code, 'address_taken')
})

test('two owners at once: one gets the address', async (t) => {
  const world = await createWorld(t)
  const register = (owner: string) =>
    world.call('POST', '/v1/addresses', { body: { rail: USDT, address: ALICE, owner } })
  const answers = await Promise.all(['a', 'b', 'c', 'd'].map(register))
  const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b)
  assert.deepEqual(statuses, [201, 409, 409, 409])
})

test('another environment may watch the same address and learns nothing of ours', async (t) => {
  const world = await createWorld(t)
  const body = { rail: USDT, address: ALICE, owner: 'ours' }
  const ours = await world.call('POST', '/v1/addresses', { body })
  const theirs = await world.call('POST', '/v1/addresses', {
    key: world.globex,
    body: { ...body, owner: 'theirs' },
  })
  assert.equal(theirs.status, 201)
  const { json } = await world.call('GET', '/v1/addresses', { key: world.globex })
  assert.deepEqual(
    json.data.map((address: { owner: string }) => address.owner),
    ['theirs'],
  )
  const url = `/v1/addresses/${ours.json.id}`
  assert.equal((await world.call('GET', url, { key: world.globex })).status, 404)
})

const REFUSED = [
  {
    what: 'a broken checksum',
    body: { address: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD' },
    expected: [400, 'invalid_address', 'address'],
  },
  {
    what: 'the zero address',
    body: { address: `0x${'0'.repeat(40)}` },
    expected: [400, 'invalid_address', 'address'],
  },
  {
    what: 'a short address',
    body: { address: '0x5aAe' },
    expected: [400, 'invalid_address', 'address'],
  },
  {
    what: 'an empty address',
    body: { address: '' },
    expected: [400, 'invalid_request', 'address'],
  },
  {
    what: 'a rail that is not enabled',
    body: { rail: USDC },
    expected: [422, 'rail_not_enabled', 'rail'],
  },
  {
    what: 'a rail nobody has heard of',
    body: { rail: 'ethereum/doge' },
    expected: [422, 'unknown_rail', 'rail'],
  },
  { what: 'a malformed rail', body: { rail: 'USDT' }, expected: [400, 'invalid_request', 'rail'] },
  { what: 'an empty owner', body: { owner: '' }, expected: [400, 'invalid_request', 'owner'] },
  {
    what: 'an owner with a NUL, which PostgreSQL cannot store',
    body: { owner: 'a\u0000b' },
    expected: [400, 'invalid_request', 'owner'],
  },
  {
    what: 'an owner of 256',
    body: { owner: 'x'.repeat(256) },
    expected: [400, 'invalid_request', 'owner'],
  },
  {
    what: 'a negative watch_from',
    body: { watch_from: -1 },
    expected: [400, 'invalid_request', 'watch_from'],
  },
  {
    what: 'a fraction of a height',
    body: { watch_from: 1.5 },
    expected: [400, 'invalid_request', 'watch_from'],
  },
  { what: 'an unknown field', body: { note: 'x' }, expected: [400, 'invalid_request', 'note'] },
] as const

test('bad input names the field and the remedy, and writes nothing', async (t) => {
  const world = await createWorld(t)
  const valid = { rail: USDT, address: ALICE, owner: 'customer-1' }
  for (const { what, body, expected } of REFUSED) {
    const answer = await world.call('POST', '/v1/addresses', { body: { ...valid, ...body } })
    const { status, code, errors } = answer.json
    assert.deepEqual([status, code, errors[0].field], expected, what)
    assert.equal(answer.status, expected[0], what)
    assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8', what)
    assert.ok(errors[0].remedy ?? errors[0].detail, what)
  }
  assert.equal((await world.call('GET', '/v1/addresses')).json.data.length, 0)
})

test('lists filter by rail, owner and address in any spelling', async (t) => {
  const world = await createWorld(t)
  const rows = [
    { rail: USDT, address: ALICE, owner: 'a' },
    { rail: POLYGON_USDT, address: ALICE, owner: 'a' },
    { rail: USDT, address: BOB, owner: 'b' },
  ]
  for (const body of rows) await world.call('POST', '/v1/addresses', { body })
  const count = async (query: string): Promise<number> =>
    (await world.call('GET', `/v1/addresses?${query}`)).json.data.length
  assert.equal(await count(''), 3)
  assert.equal(await count('owner=a'), 2)
  assert.equal(await count(`rail=${USDT}`), 2)
  assert.equal(await count(`address=${ALICE_LOWER}`), 2)
  assert.equal(await count(`address=${ALICE}&rail=${POLYGON_USDT}`), 1)
  assert.equal(await count('owner=nobody'), 0)
  const bad = await world.call('GET', '/v1/addresses?address=0xnope')
  assert.equal(bad.json.code, 'invalid_address')
})

test('rows that arrive while somebody pages neither repeat nor push out others', async (t) => {
  const world = await createWorld(t)
  const register = (n: number) =>
    world.call('POST', '/v1/addresses', {
      body: { rail: USDT, address: `0x${n.toString(16).padStart(40, '0')}`, owner: `o${n}` },
    })
  for (let n = 1; n <= 5; n += 1) await register(n)

  const owners: string[] = []
  let url = '/v1/addresses?limit=2'
  for (let pages = 0; pages < 3; pages += 1) {
    const { json } = await world.call('GET', url)
    owners.push(...json.data.map((address: { owner: string }) => address.owner))
    if (json.next_cursor === null) break
    url = `/v1/addresses?limit=2&cursor=${json.next_cursor}`
    await register(100 + pages)
  }
  assert.deepEqual(owners, ['o5', 'o4', 'o3', 'o2', 'o1'])
})

test('a page that ends exactly at the last row has no next one', async (t) => {
  const world = await createWorld(t)
  for (const address of [ALICE, BOB]) {
    await world.call('POST', '/v1/addresses', { body: { rail: USDT, address, owner: 'x' } })
  }
  assert.equal((await world.call('GET', '/v1/addresses?limit=2')).json.next_cursor, null)
})

test('every new address leaves an audit entry with its key; a repeated one does not', async (t) => {
  const world = await createWorld(t)
  const body = { rail: USDT, address: ALICE, owner: 'customer-1' }
  const { json } = await world.call('POST', '/v1/addresses', { body })
  await world.call('POST', '/v1/addresses', { body })
  const entries = await world.db.selectFrom('audit_entry').selectAll().execute()
  assert.equal(entries.length, 1)
  assert.equal(entries[0]?.action, 'address.registered')
  assert.equal(entries[0].subject, json.id)
  assert.equal(entries[0].environment_id, 'acme-live')
  assert.match(entries[0].actor, /^key:key_[0-9a-z]{26}$/)
})
