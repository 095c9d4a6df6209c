import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ALICE,
  BOB,
  createWorld,
  ETHEREUM,
  POLYGON,
  POLYGON_USDT,
  setTip,
  USDC,
  USDT,
} from './world.ts'

test('a new address is 201 and shown in the form of its chain', async (t) => {
  const world = await createWorld(t)
  await setTip(world.db, ETHEREUM, 100)
  const answer = await world.call('POST', '/v1/addresses', {
    body: { rail: USDT, address: ALICE.toLowerCase(), owner: 'customer-1' },
  })
  assert.equal(answer.status, 201, answer.text)
  assert.deepEqual(answer.json, {
    id: answer.json.id,
    environment: 'acme-live',
    rail: 'ethereum/usdt',
    chain: 'eip155:1',
    address: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
    owner: 'customer-1',
    watch_from: null,
    registered_height: 100,
    registered_at: '2026-03-01T12:00:00.000Z',
  })
  assert.deepEqual(world.registered, ['eip155:1'])
  const again = await world.call('GET', `/v1/addresses/${answer.json.id}`)
  assert.deepEqual(again.json, answer.json)
})
