import assert from 'node:assert/strict'
import { test } from 'node:test'
import { grantedRetryAfter } from '../../../src/source/wire/retry-after.ts'

const NOW = new Date('2026-01-01T00:00:00Z')

test('seconds and dates are honoured, up to a minute', () => {
  assert.equal(grantedRetryAfter('7', NOW), 7_000)
  assert.equal(grantedRetryAfter('1000000000', NOW), 60_000)
  assert.equal(grantedRetryAfter('9'.repeat(400), NOW), 60_000)
  assert.equal(grantedRetryAfter('Thu, 01 Jan 2026 00:00:09 GMT', NOW), 9_000)
  assert.equal(grantedRetryAfter('Thu, 01 Jan 2026 01:00:00 GMT', NOW), 60_000)
})

test('nothing and nonsense ask for nothing', () => {
  for (const text of [undefined, '', 'soon', '1.5e', '-1']) {
    assert.equal(grantedRetryAfter(text, NOW), null)
  }
})
