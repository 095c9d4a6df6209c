import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pruneIdempotencyKeys } from '../../../src/environment/idempotency-store.ts'
import { ALICE, BOB, createWorld, USDT, type World } from './world.ts'

const URL = 'https://hooks.example.com/settled'

function create(world: World, key: string, options: { url?: string; as?: string } = {}) {
  return world.call('POST', '/v1/endpoints', {
    body: { url: options.url ?? URL },
    headers: { 'idempotency-key': key },
    ...(options.as === undefined ? {} : { key: options.as }),
  })
}

async function endpoints(world: World): Promise<number> {
  return (await world.call('GET', '/v1/endpoints')).json.data.length
}

test('the same request gets the first answer, byte for byte, and does nothing more', async (t) => {
  const world = await createWorld(t)
  const register = () =>
    world.call('POST', '/v1/addresses', {
      body: { rail: USDT, address: ALICE, owner: 'a' },
      headers: { 'idempotency-key': 'k1' },
    })
  const first = await register()
  const second = await register()
  assert.equal(first.status, 201)
  assert.equal(first.headers['idempotent-replayed'], undefined)
  assert.equal(second.status, 201)
  assert.equal(second.headers['idempotent-replayed'], 'true')
  assert.equal(second.text, first.text)
})

test('a signing secret is answered once: it is neither kept for a repetition nor given to one', async (t) => {
  const world = await createWorld(t)
  const first = await create(world, 'k1')
  const again = await create(world, 'k1')
  assert.match(first.json.secret, /^whsec_/)
  assert.equal(again.headers['idempotent-replayed'], 'true')
  assert.deepEqual(again.json, { ...first.json, secret: null })
  const rotate = () =>
    world.call('POST', `/v1/endpoints/${first.json.id}/rotate-secret`, {
      headers: { 'idempotency-key': 'k2' },
    })
  const rotated = await rotate()
  assert.match(rotated.json.secret, /^whsec_/)
  assert.deepEqual((await rotate()).json, { ...rotated.json, secret: null })
  const kept = await world.db.selectFrom('idempotency_key').select('body').execute()
  assert.equal(kept.length, 2)
  assert.doesNotMatch(JSON.stringify(kept), /whsec_/)
  assert.equal(await endpoints(world), 1)
})

test('another request under the same key is a conflict', async (t) => {
  const world = await createWorld(t)
  await create(world, 'k1')
  const other = await create(world, 'k1', { url: `${URL}/2` })
  assert.deepEqual([other.status, other.json.code], [409, 'idempotency_conflict'])
  assert.equal(other.json.errors[0].field, 'idempotency-key')
  const elsewhere = await world.call('POST', '/v1/addresses', {
    body: { rail: USDT, address: ALICE, owner: 'x' },
    headers: { 'idempotency-key': 'k1' },
  })
  assert.equal(elsewhere.status, 409)
  assert.equal(await endpoints(world), 1)
})

test('the order of keys and white space do not make another request', async (t) => {
  const world = await createWorld(t)
  const post = (body: string) =>
    world.call('POST', '/v1/addresses', {
      body,
      headers: { 'idempotency-key': 'k', 'content-type': 'application/json' },
    })
  await post(`{"rail":"${USDT}","address":"${BOB}","owner":"x"}`)
  const second = await post(`{ "owner": "x", "address": "${BOB}", "rail": "${USDT}" }`)
  assert.deepEqual([second.status, second.headers['idempotent-replayed']], [201, 'true'])
})

test('twenty of the same at once do the work once', async (t) => {
  const world = await createWorld(t)
  const answers = await Promise.all(Array.from({ length: 20 }, () => create(world, 'k1')))
  assert.equal(new Set(answers.map(({ json }) => json.id)).size, 1)
  assert.equal(answers.filter(({ json }) => json.secret !== null).length, 1)
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201])
  assert.equal(
    answers.filter(({ headers }) => headers['idempotent-replayed'] === undefined).length,
    1,
  )
  assert.equal(await endpoints(world), 1)
})

test('a refused request keeps no key: the corrected one may use it', async (t) => {
  const world = await createWorld(t)
  const register = (owner: string, key: string) =>
    world.call('POST', '/v1/addresses', {
      body: { rail: USDT, address: ALICE, owner },
      headers: { 'idempotency-key': key },
    })
  await register('a', 'k1')
  assert.equal((await register('b', 'k2')).status, 409)
  const corrected = await register('a', 'k2')
  assert.deepEqual([corrected.status, corrected.headers['idempotent-replayed']], [200, undefined])
})

test('keys belong to their environment', async (t) => {
  const world = await createWorld(t)
  const ours = await create(world, 'k1')
  const theirs = await create(world, 'k1', { as: world.globex })
  assert.equal(theirs.headers['idempotent-replayed'], undefined)
  assert.notEqual(theirs.json.id, ours.json.id)
})

test('after 24 hours a key is new again', async (t) => {
  const world = await createWorld(t)
  const first = await create(world, 'k1')
  world.now = new Date('2026-03-02T11:59:59.999Z')
  assert.equal((await create(world, 'k1')).json.id, first.json.id)
  world.now = new Date('2026-03-02T12:00:00.000Z')
  const later = await create(world, 'k1', { url: `${URL}/2` })
  assert.deepEqual([later.status, later.headers['idempotent-replayed']], [201, undefined])
  assert.equal(await endpoints(world), 2)
})

test('forgotten keys are pruned in pieces, living ones are kept', async (t) => {
  const world = await createWorld(t)
  for (const key of ['a', 'b', 'c']) await create(world, key)
  world.now = new Date('2026-03-02T12:00:00.000Z')
  await create(world, 'd')
  const prune = () => pruneIdempotencyKeys(world.db, { now: world.now, limit: 2 })
  assert.deepEqual([await prune(), await prune(), await prune()], [2, 1, 0])
  const left = await world.db.selectFrom('idempotency_key').select('key').execute()
  assert.deepEqual(left, [{ key: 'd' }])
})

test('a key that cannot be a header value is refused', async (t) => {
  const world = await createWorld(t)
  for (const key of ['', 'with space', 'x'.repeat(256)]) {
    const { status, json } = await create(world, key)
    assert.deepEqual([status, json.errors[0].field], [400, 'idempotency-key'])
  }
})
