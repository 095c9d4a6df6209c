import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  chainRecord,
  evidenceAt,
  whenFinal,
  whenTipReaches,
  type Sign,
} from '../../../src/treasury/chain-record.ts'

const sign = (kind: Sign['kind'], height: number, atMs: number, isExact = false): Sign => ({
  kind,
  height,
  atMs,
  isExact,
})
const pruned = (signs: Sign[]) =>
  chainRecord(signs, { completeFrom: Infinity, blockTimeMs: 12_000 })
const complete = (signs: Sign[]) => chainRecord(signs, { completeFrom: 0, blockTimeMs: 12_000 })

test('between two known heights the chain is taken to have kept its pace, and no longer', () => {
  const record = pruned([sign('tip', 100, 1_000_000), sign('tip', 200, 3_000_000)])
  assert.deepEqual(whenTipReaches(record, 110, 1_000_000), { atMs: 1_120_000, isExact: false })
  // A hundred blocks at twelve seconds would be 1,200,000 ms; from there on the next sign is far.
  assert.deepEqual(whenTipReaches(record, 200, 1_000_000), { atMs: 2_200_000, isExact: false })
  const caughtUp = pruned([sign('tip', 100, 1_000_000), sign('tip', 200, 1_005_000)])
  assert.deepEqual(whenTipReaches(caughtUp, 150, 1_000_000), { atMs: 1_005_000, isExact: false })
  assert.equal(whenTipReaches(record, 201, 1_000_000), null)
})

test('a height that is known is known at once, and not before the moment that is asked about', () => {
  const record = pruned([sign('tip', 100, 1_000_000), sign('tip', 200, 3_000_000)])
  assert.deepEqual(whenTipReaches(record, 90, 1_500_000), { atMs: 1_500_000, isExact: true })
  assert.deepEqual(whenTipReaches(record, 110, 2_000_000), { atMs: 2_000_000, isExact: false })
})

test('where every block is held, a tip that jumped came to all heights in that moment', () => {
  const record = complete([sign('tip', 100, 1_000_000, true), sign('tip', 116, 1_500_000, true)])
  assert.deepEqual(whenTipReaches(record, 104, 1_000_000), { atMs: 1_500_000, isExact: true })
})

test('a block that leaves takes the tip below it, whatever is said at the same moment', () => {
  const record = complete([
    sign('tip', 10, 5_000, true),
    sign('tip', 12, 2_000, true),
    sign('below', 10, 5_000, true),
    sign('tip', 11, 6_000, true),
  ])
  assert.deepEqual(evidenceAt(record, 4_999), { tipHeight: 12, finalizedHeight: null })
  assert.deepEqual(evidenceAt(record, 5_000), { tipHeight: 10, finalizedHeight: null })
  assert.deepEqual(whenTipReaches(record, 11, 5_000), { atMs: 6_000, isExact: true })
})

test('finality is known at the latest, exactly only for the height that was waited for', () => {
  const record = pruned([sign('final', 50, 7_000, true), sign('final', 60, 9_000, false)])
  assert.deepEqual(whenFinal(record, 50, 1_000), { atMs: 7_000, isExact: true })
  assert.deepEqual(whenFinal(record, 49, 1_000), { atMs: 7_000, isExact: false })
  assert.deepEqual(whenFinal(record, 60, 1_000), { atMs: 9_000, isExact: false })
  assert.equal(whenFinal(record, 61, 1_000), null)
  assert.equal(evidenceAt(record, 6_999).finalizedHeight, null)
})
