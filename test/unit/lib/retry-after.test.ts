import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRetryAfter } from '../../../src/lib/retry-after.ts'

const NOW = new Date('2026-01-01T00:00:00Z')

const headers: [string | undefined, number | null][] = [
  ['120', 120_000],
  [' 0 ', 0],
  ['Thu, 01 Jan 2026 00:02:00 GMT', 120_000],
  ['Thursday, 01-Jan-26 00:02:00 GMT', 120_000],
  ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
  [undefined, null],
  ['', null],
  ['-1', null],
  ['1.5', null],
  ['1e3', null],
  ['0x10', null],
  ['2026', 2_026_000],
  ['1000000000', 1_000_000_000_000],
  ['soon', null],
  ['Sometime', null],
]
for (const [header, expected] of headers) {
  test(`Retry-After: ${header}`, () => {
    assert.equal(parseRetryAfter(header, NOW), expected)
  })
}
