import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readRetryAfter } from '../../../src/source/wire/retry-after.ts'

const NOW = new Date('2026-01-01T00:00:00Z')

test('seconds and dates are honoured, up to a minute', () => {
  assert.equal(readRetryAfter('7', NOW), 7_000)
  assert.equal(readRetryAfter('0', NOW), 0)
  assert.equal(readRetryAfter('1000000000', NOW), 60_000)
  assert.equal(readRetryAfter('Thu, 01 Jan 2026 00:00:09 GMT', NOW), 9_000)
  assert.equal(readRetryAfter('Wed, 31 Dec 2025 23:00:00 GMT', NOW), 0)
})

test('nothing and nonsense ask for nothing', () => {
  for (const text of [undefined, '', 'soon', '1.5e']) assert.equal(readRetryAfter(text, NOW), null)
})
