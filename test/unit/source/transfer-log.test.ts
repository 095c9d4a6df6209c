import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Transfer } from '../../../src/domain/transfer.ts'
import { toHex } from '../../../src/lib/hex.ts'
import { ProviderFailure } from '../../../src/source/wire/failure.ts'
import { readTransfers } from '../../../src/source/evm/transfer-log.ts'
import { CONTRACT, fakeLog, hashOf, TRANSFER } from '../../support/fake-node.ts'
import { fc } from '../../support/properties.ts'

const MARKED = `0x${'00'.repeat(11)}01${'22'.repeat(20)}`

test('a log becomes a transfer, field by field', () => {
  const log = {
    address: CONTRACT,
    topics: [
      TRANSFER,
      '0x000000000000000000000000aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
      '0x000000000000000000000000bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',
    ],
    data: '0x0000000000000000000000000000000000000000000000000000000000bc614e',
    blockNumber: '0x5',
    blockHash: hashOf(5),
    blockTimestamp: '0x6553f105',
    transactionHash: `0x${'cd'.repeat(32)}`,
    transactionIndex: '0x3',
    logIndex: '0x1f',
    removed: false,
  }
  assert.deepEqual(read([log]), [
    {
      rail: 'ethereum/usdt',
      height: 5,
      blockHash: hashOf(5),
      blockTimeMs: 1_700_000_005_000,
      txHash: `0x${'cd'.repeat(32)}`,
      logIndex: 31,
      from: `0x${'aa'.repeat(20)}`,
      to: `0x${'bb'.repeat(20)}`,
      amount: 12_345_678n,
    },
  ])
})

test('without a blockTimestamp the time is unknown', () => {
  assert.equal(read([fakeLog(5, 0)])[0]?.blockTimeMs, null)
})

test('the last second of the year 9999 is a time, and 2^31 - 1 an index', () => {
  const log = { ...fakeLog(5, 0), blockTimestamp: '0x3afff4417f', logIndex: '0x7fffffff' }
  const [transfer] = read([log])
  assert.equal(transfer?.blockTimeMs, Date.parse('9999-12-31T23:59:59Z'))
  assert.equal(transfer.logIndex, 2_147_483_647)
})

test('amounts are exact up to the last of 256 bits, and nothing is no transfer', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), (amount) => {
      const expected = amount === 0n ? [] : [amount]
      assert.deepEqual(amounts([fakeLog(5, 0, { amount })]), expected)
    }),
    { examples: [[0n], [1n], [2n ** 53n + 1n], [2n ** 256n - 1n]] },
  )
})

test('addresses come through whatever their digits', () => {
  const bytes = fc.uint8Array({ minLength: 20, maxLength: 20 })
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      const [from, to] = [toHex(a), toHex(b)]
      const [transfer] = read([fakeLog(5, 0, { from, to })])
      assert.deepEqual([transfer?.from, transfer?.to], [from, to])
    }),
  )
})

test('well-formed logs of another shape are skipped and shown', () => {
  const log = fakeLog(5, 0)
  const [topic, from, to] = log.topics
  for (const odd of [
    { ...log, topics: [topic] },
    { ...log, topics: [topic, from] },
    { ...log, topics: [topic, from, to, hashOf(1)], data: '0x' },
    { ...log, topics: [topic, from, MARKED] },
    { ...log, topics: [topic, MARKED, to] },
    { ...log, data: '0x' },
    { ...log, data: log.data.slice(0, -2) },
    { ...log, data: `${log.data}00` },
  ]) {
    const shown: object[] = []
    assert.deepEqual(amounts([odd, fakeLog(5, 1, { amount: 9n })], shown), [9n])
    assert.deepEqual(shown, [odd])
  }
})

test('a log that is not well-formed fails the whole answer: skipping it might hide money', () => {
  const log = fakeLog(5, 1)
  const [topic, from, to] = log.topics
  const upper = `0x${String(to).slice(2).replaceAll('2', 'A')}`
  for (const bad of [
    null,
    'log',
    {},
    { ...log, address: CONTRACT.toUpperCase() },
    { ...log, address: `0x${'33'.repeat(20)}` },
    { ...log, address: undefined },
    { ...log, topics: undefined },
    { ...log, topics: [] },
    { ...log, topics: [hashOf(1), from, to] },
    { ...log, topics: [topic, from, upper] },
    { ...log, topics: [topic, from, 5] },
    { ...log, topics: [topic, from, String(to).slice(0, -1)] },
    { ...log, data: undefined },
    { ...log, data: `${log.data.slice(0, -1)}g` },
    { ...log, data: ` ${log.data.slice(1)}` },
    { ...log, data: log.data.slice(2) },
    { ...log, blockNumber: 5 },
    { ...log, blockNumber: '5' },
    { ...log, blockNumber: '0x' },
    { ...log, blockNumber: null },
    { ...log, blockNumber: '0x3' },
    { ...log, blockNumber: '0x8' },
    { ...log, blockNumber: '0xffffffffffffffff' },
    { ...log, blockHash: null },
    { ...log, blockTimestamp: 'yesterday' },
    { ...log, blockTimestamp: '0x3afff44180' },
    { ...log, blockTimestamp: '0xfffffffffffff' },
    { ...log, transactionHash: null },
    { ...log, transactionHash: '0x12' },
    { ...log, logIndex: null },
    { ...log, logIndex: '0x80000000' },
    { ...log, removed: true },
  ]) {
    assert.throws(() => read([bad]), ProviderFailure, JSON.stringify(bad))
    assert.throws(() => read([fakeLog(4, 0), bad]), ProviderFailure, JSON.stringify(bad))
  }
})

test('logs must stand in the order of the chain, each place taken once', () => {
  assert.equal(read([fakeLog(4, 7), fakeLog(5, 0), fakeLog(5, 2), fakeLog(7, 1)]).length, 4)
  assert.throws(() => read([fakeLog(5, 0), fakeLog(4, 0)]), ProviderFailure)
  assert.throws(() => read([fakeLog(5, 1), fakeLog(5, 0)]), ProviderFailure)
  assert.throws(() => read([fakeLog(5, 1), fakeLog(5, 1)]), ProviderFailure)
})

test('one height has one block, and the ends have the blocks of their headers', () => {
  const other = hashOf(5, 'b')
  assert.equal(read([{ ...fakeLog(6, 0), blockHash: other }]).length, 1)
  assert.throws(
    () => read([fakeLog(6, 0), { ...fakeLog(6, 1), blockHash: other }]),
    ProviderFailure,
  )
  assert.throws(() => read([{ ...fakeLog(5, 0), blockHash: other }], [], 5), ProviderFailure)
  assert.throws(() => read([{ ...fakeLog(7, 0), blockHash: other }]), ProviderFailure)
})

test('anything else than a list is no logs', () => {
  for (const raw of [null, undefined, {}, '0x', 0])
    assert.throws(() => readRaw(raw), ProviderFailure)
})

function read(logs: readonly unknown[], shown: object[] = [], from = 4): Transfer[] {
  return readRaw(logs, shown, from)
}

function readRaw(raw: unknown, shown: object[] = [], from = 4): Transfer[] {
  return readTransfers(raw, {
    rails: new Map([[CONTRACT, 'ethereum/usdt']]),
    first: { height: from, hash: hashOf(from) },
    last: { height: 7, hash: hashOf(7) },
    timeMs: null,
    onOddLog: (log) => shown.push(log),
  })
}

function amounts(logs: readonly unknown[], shown: object[] = []): bigint[] {
  return read(logs, shown).map(({ amount }) => amount)
}
