import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seedDeposit, seedEvent } from './seed.ts'
import { createWorld } from './world.ts'

/** Odd spacing and an escape that JSON.stringify would not write: re-serialising would change the bytes. */
const BODY = '{"type": "deposit.detected","data":{"owner":"\\u0061","amount":"1"} }'

test('the feed gives the stored bytes, in the order of seq', async (t) => {
  const world = await createWorld(t)
  await seedDeposit(world.db, { id: 'dep_a' })
  const final = { id: 'evt_2', type: 'deposit.final', deposit: 'dep_a', version: 2, body: '{}' }
  await seedEvent(world.db, { ...final, seq: 1 })
  await seedEvent(world.db, { id: 'evt_1', deposit: 'dep_a', version: 1, seq: 2, body: BODY })
  const { text } = await world.call('GET', '/v1/events')
  assert.equal(
    text,
    '{"data":[{"id":"evt_2","seq":1,"type":"deposit.final","payload":{}},' +
      `{"id":"evt_1","seq":2,"type":"deposit.detected","payload":${BODY}}],` +
      '"next_after":2,"has_more":false}',
  )
})

test('a reader that follows next_after sees every event once, and keeps its place at the end', async (t) => {
  const world = await createWorld(t)
  await seedDeposit(world.db, { id: 'dep_a' })
  for (let seq = 1; seq <= 5; seq += 1) {
    await seedEvent(world.db, { id: `evt_${seq}`, deposit: 'dep_a', version: seq, seq })
  }
  const seen: number[] = []
  let after = 0
  for (const more of [true, true, false]) {
    const { json } = await world.call('GET', `/v1/events?after=${after}&limit=2`)
    seen.push(...json.data.map((event: { seq: number }) => event.seq))
    assert.equal(json.has_more, more)
    after = json.next_after
  }
  assert.deepEqual(seen, [1, 2, 3, 4, 5])
  const { json } = await world.call('GET', `/v1/events?after=${after}`)
  assert.deepEqual(json, { data: [], next_after: 5, has_more: false })
})

test('an event without a number is not in the feed yet, and can be read by its id', async (t) => {
  const world = await createWorld(t)
  await seedDeposit(world.db, { id: 'dep_a' })
  await seedEvent(world.db, { id: 'evt_1', deposit: 'dep_a', seq: null, body: BODY })
  assert.deepEqual((await world.call('GET', '/v1/events')).json.data, [])
  const { text } = await world.call('GET', '/v1/events/evt_1')
  assert.equal(text, `{"id":"evt_1","seq":null,"type":"deposit.detected","payload":${BODY}}`)
})

test('each environment has a feed of its own', async (t) => {
  const world = await createWorld(t)
  await seedDeposit(world.db, { id: 'dep_a' })
  await seedDeposit(world.db, { id: 'dep_g', environment: 'globex-live' })
  await seedEvent(world.db, { id: 'evt_a', deposit: 'dep_a', seq: 1 })
  const foreign = { id: 'evt_g', deposit: 'dep_g', environment: 'globex-live', seq: 1 }
  await seedEvent(world.db, foreign)
  const ids = async (key: string): Promise<string[]> =>
    (await world.call('GET', '/v1/events', { key })).json.data.map((e: { id: string }) => e.id)
  assert.deepEqual(await ids(world.acme), ['evt_a'])
  assert.deepEqual(await ids(world.globex), ['evt_g'])
  assert.equal((await world.call('GET', '/v1/events/evt_g')).status, 404)
})

test('a bad place in the feed is refused', async (t) => {
  const world = await createWorld(t)
  for (const query of ['after=-1', 'after=x', 'after=1.5', 'limit=1001', 'limit=0']) {
    const { status, json } = await world.call('GET', `/v1/events?${query}`)
    assert.deepEqual([status, json.errors[0].field], [400, query.split('=')[0]], query)
  }
})
