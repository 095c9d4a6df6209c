import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toBytes } from '../../../src/lib/hex.ts'
import { SEEN, seedDeposit, seedEvent } from './seed.ts'
import { ALICE, BOB, createWorld, hash, POLYGON_USDT, USDT } from './world.ts'

test('a deposit is told with exact amounts, its sightings and its timeline', async (t) => {
  const world = await createWorld(t)
  await seedDeposit(world.db, { id: 'dep_a', amount: '12500000' })
  await world.db
    .insertInto('sighting')
    .values([
      sighting({ block: 99, seenAt: SEEN, orphanedAt: new Date('2026-03-01T11:00:05Z') }),
      sighting({ block: 100, seenAt: new Date('2026-03-01T11:00:06Z'), orphanedAt: null }),
    ])
    .execute()
  await seedEvent(world.db, { id: 'evt_1', deposit: 'dep_a', seq: 1 })
  await seedEvent(world.db, {
    id: 'evt_2',
    deposit: 'dep_a',
    version: 2,
    type: 'deposit.orphaned',
    seq: null,
  })

  const { status, json } = await world.call('GET', '/v1/deposits/dep_a')
  assert.equal(status, 200)
  assert.deepEqual(json, {
    id: 'dep_a',
    version: 1,
    environment: 'acme-live',
    state: 'detected',
    rail: 'ethereum/usdt',
    chain: 'eip155:1',
    asset: 'eip155:1/erc20:0xcccccccccccccccccccccccccccccccccccccccc',
    address: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
    owner: 'customer-1',
    sender: '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
    amount: '12500000',
    decimals: 6,
    amount_decimal: '12.5',
    transaction: { hash: hash(0x70), log_index: 7 },
    block: { height: 100, hash: hash(100), time: '2026-03-01T10:59:50.000Z' },
    policy: { version: 2, confirmations: 3, finality: false, providers: 1 },
    witnesses: 1,
    detected_at: '2026-03-01T11:00:00.000Z',
    confirmed_at: null,
    final_at: null,
    orphaned_at: null,
    reversed_at: null,
    address_blacklisted_at: null,
    sightings: [
      {
        height: 99,
        block_hash: hash(99),
        block_time: '2026-03-01T10:59:50.000Z',
        log_index: 7,
        seen_at: '2026-03-01T11:00:00.000Z',
        orphaned_at: '2026-03-01T11:00:05.000Z',
      },
      {
        height: 100,
        block_hash: hash(100),
        block_time: '2026-03-01T10:59:50.000Z',
        log_index: 7,
        seen_at: '2026-03-01T11:00:06.000Z',
        orphaned_at: null,
      },
    ],
    timeline: [
      {
        event: 'evt_1',
        type: 'deposit.detected',
        version: 1,
        seq: 1,
        block_hash: hash(100),
        recorded_at: '2026-03-01T11:00:00.000Z',
      },
      {
        event: 'evt_2',
        type: 'deposit.orphaned',
        version: 2,
        seq: null,
        block_hash: hash(100),
        recorded_at: '2026-03-01T11:00:00.000Z',
      },
    ],
  })
})

test('an amount of uint256 stays exact', async (t) => {
  const world = await createWorld(t)
  const amount = (2n ** 256n - 1n).toString()
  await seedDeposit(world.db, { id: 'dep_a', amount })
  const { json } = await world.call('GET', '/v1/deposits')
  assert.equal(
    json.data[0].amount,
    '115792089237316195423570985008687907853269984665640564039457584007913129639935',
  )
  assert.equal(
    json.data[0].amount_decimal,
    '115792089237316195423570985008687907853269984665640564039457584007913129.639935',
  )
})

test('lists filter by everything a person may know of a deposit', async (t) => {
  const world = await createWorld(t)
  const later = new Date('2026-03-01T11:30:00Z')
  await seedDeposit(world.db, { id: 'dep_a' })
  await seedDeposit(world.db, { id: 'dep_b', state: 'final', tx: hash(0x71), detectedAt: later })
  await seedDeposit(world.db, { id: 'dep_c', rail: POLYGON_USDT, recipient: BOB, owner: 'c2' })
  const ids = async (query: string): Promise<string[]> => {
    const { json } = await world.call('GET', `/v1/deposits?${query}`)
    return json.data.map((deposit: { id: string }) => deposit.id)
  }
  assert.deepEqual(await ids(''), ['dep_b', 'dep_c', 'dep_a'])
  assert.deepEqual(await ids('state=final'), ['dep_b'])
  assert.deepEqual(await ids(`rail=${USDT}`), ['dep_b', 'dep_a'])
  assert.deepEqual(await ids(`address=${BOB}`), ['dep_c'])
  assert.deepEqual(await ids(`address=${ALICE.toLowerCase()}`), ['dep_b', 'dep_a'])
  assert.deepEqual(await ids('owner=c2'), ['dep_c'])
  assert.deepEqual(await ids(`tx_hash=${hash(0x71)}`), ['dep_b'])
  assert.deepEqual(await ids('detected_after=2026-03-01T11:00:00Z'), ['dep_b'])
  assert.deepEqual(await ids('detected_before=2026-03-01T12:30:00%2B01:00'), ['dep_c', 'dep_a'])
})

test('a bad filter is refused by its name', async (t) => {
  const world = await createWorld(t)
  const cases = [
    ['state=paid', 'state'],
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['tx_hash=0x12', 'tx_hash'],
    ['detected_after=yesterday', 'detected_after'],
    ['detected_before=2026-02-30T00:00:00Z', 'detected_before'],
    ['cursor=WzFd', 'cursor'],
    ['sort=amount', 'sort'],
  ]
  for (const [query = '', field] of cases) {
    const { status, json } = await world.call('GET', `/v1/deposits?${query}`)
    assert.deepEqual([status, json.errors?.[0].field], [400, field], query)
  }
})

test('pages hold their place among deposits of the same moment', async (t) => {
  const world = await createWorld(t)
  for (const name of ['a', 'b', 'c', 'd', 'e']) await seedDeposit(world.db, { id: `dep_${name}` })
  const first = await world.call('GET', '/v1/deposits?limit=2')
  await seedDeposit(world.db, { id: 'dep_f', detectedAt: new Date('2026-03-01T11:00:01Z') })
  const ids: string[] = first.json.data.map((deposit: { id: string }) => deposit.id)
  let cursor = first.json.next_cursor
  while (cursor !== null) {
    const { json } = await world.call('GET', `/v1/deposits?limit=2&cursor=${cursor}`)
    ids.push(...json.data.map((deposit: { id: string }) => deposit.id))
    cursor = json.next_cursor
  }
  assert.deepEqual(ids, ['dep_e', 'dep_d', 'dep_c', 'dep_b', 'dep_a'])
})

test("another environment's deposit does not exist", async (t) => {
  const world = await createWorld(t)
  await seedDeposit(world.db, { id: 'dep_a' })
  const key = world.globex
  const missing = await world.call('GET', '/v1/deposits/dep_b', { key })
  const foreign = await world.call('GET', '/v1/deposits/dep_a', { key })
  assert.equal(foreign.status, 404)
  assert.equal(foreign.json.detail.replace('dep_a', 'dep_b'), missing.json.detail)
  assert.deepEqual((await world.call('GET', '/v1/deposits', { key })).json.data, [])
})

function sighting(of: { block: number; seenAt: Date; orphanedAt: Date | null }) {
  return {
    deposit_id: 'dep_a',
    block_hash: toBytes(hash(of.block)),
    height: of.block,
    block_time: new Date('2026-03-01T10:59:50Z'),
    log_index: 7,
    seen_at: of.seenAt,
    orphaned_at: of.orphanedAt,
  }
}
