import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventType } from '../../../src/domain/event.ts'
import { digestOf } from '../../../src/treasury/closing/digest.ts'
import { dayOf, hasEnded } from '../../../src/treasury/closing/day.ts'
import type { ToldMovement } from '../../../src/treasury/closing/movement.ts'
import { movementDifferences } from '../../../src/treasury/closing/ties.ts'
import { PLAIN_CODEC, RAIL } from '../../support/flow-world.ts'
import { hashOf } from '../../support/scripted-chain.ts'

const AT = new Date('2026-11-20T10:00:00.000Z')
const BOOK = { rail: RAIL, codec: PLAIN_CODEC }
const BLOCK = hashOf('block')
const TX = hashOf('payment')

/** A body written out by hand, as docs/webhooks.md has it. */
const BODY = {
  type: 'deposit.confirmed',
  timestamp: '2026-11-20T10:00:00.000Z',
  data: {
    id: 'dep_1',
    version: 2,
    environment: 'acme-live',
    state: 'confirmed',
    rail: RAIL.id,
    asset: RAIL.assetId,
    amount: '12500000',
    amount_decimal: '12.5',
    transaction: { hash: TX, log_index: 3 },
    block: { height: 7, hash: BLOCK, time: '2026-11-20T09:59:00.000Z' },
  },
}

function movement(changes: Partial<ToldMovement> = {}, body: unknown = BODY): ToldMovement {
  return {
    event: 'evt_1',
    type: 'deposit.confirmed',
    at: AT,
    environment: 'acme-live',
    chainId: RAIL.chainId,
    rail: RAIL.id,
    deposit: 'dep_1',
    version: 2,
    previous: 'deposit.detected',
    amount: 12_500_000n,
    txHash: TX,
    blockHash: BLOCK,
    place: {
      height: 7,
      blockHash: BLOCK,
      blockTime: new Date('2026-11-20T09:59:00.000Z'),
      logIndex: 3,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...changes,
  }
}

const checksOf = (one: ToldMovement) => movementDifferences(one, BOOK).map(({ check }) => check)

test('an event that says what is on record ties', () => {
  assert.deepEqual(movementDifferences(movement(), BOOK), [])
})

test('every fact that was told is held against the records', () => {
  const paths = ['id', 'version', 'environment', 'state', 'rail', 'asset', 'amount']
  for (const path of [...paths, 'amount_decimal', 'transaction', 'block']) {
    const data = { ...BODY.data, [path]: 'else' }
    assert.deepEqual(checksOf(movement({}, { ...BODY, data })), ['event'], path)
  }
  for (const path of ['type', 'timestamp']) {
    assert.deepEqual(checksOf(movement({}, { ...BODY, [path]: 'else' })), ['event'], path)
  }
  assert.deepEqual(checksOf(movement({}, 'not JSON')), ['event'])
  const [told] = movementDifferences(movement({ amount: 12_500_001n }), BOOK)
  assert.equal(
    told?.detail,
    'data.amount was told as "12500000", on record is 12500001; ' +
      'data.amount_decimal was told as "12.5", on record is 12.500001',
  )
})

test('what may follow what is what the state machine lets follow', () => {
  const allowed: Record<EventType, (EventType | null)[]> = {
    'deposit.detected': [null, 'deposit.orphaned', 'deposit.reversed'],
    'deposit.confirmed': ['deposit.detected'],
    'deposit.final': ['deposit.confirmed'],
    'deposit.orphaned': ['deposit.detected'],
    'deposit.reversed': ['deposit.confirmed', 'deposit.final'],
  }
  const types = Object.keys(allowed) as EventType[]
  for (const type of types) {
    for (const previous of [null, ...types]) {
      const version = previous === null ? 1 : 2
      const found = checksOf(movement({ type, previous, version, place: null }))
      const ties = allowed[type].includes(previous)
      assert.deepEqual(found, ties ? ['sighting'] : ['sequence', 'sighting'], `${previous} ${type}`)
    }
  }
  const gap = movement({ type: 'deposit.detected', previous: null, version: 3, place: null })
  assert.deepEqual(checksOf(gap), ['sequence', 'sighting'], 'the event before it is missing')
})

test('the digest is that of sorted keys without white space', () => {
  // printf '{"a":[{"c":null,"d":"x"}],"b":1}' | sha256sum
  const known = 'sha256:4bd7164040c65f54bd545e31b9d93175e73716ed7cbd6b8244e6d7580de72b84'
  assert.equal(digestOf({ b: 1, a: [{ d: 'x', c: null }] }), known)
  assert.equal(digestOf({ a: [{ c: null, d: 'x' }], b: 1 }), known)
})

test('a day is over a minute after its midnight', () => {
  const day = dayOf('2026-11-20')
  assert.deepEqual([day.from, day.until], [new Date('2026-11-20'), new Date('2026-11-21')])
  assert.equal(hasEnded(day, new Date('2026-11-21T00:00:59.999Z')), false)
  assert.equal(hasEnded(day, new Date('2026-11-21T00:01:00Z')), true)
})
