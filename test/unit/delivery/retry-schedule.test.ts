import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextAttempt, parseRetryAfter } from '../../../src/delivery/retry-schedule.ts'

const NOW = new Date('2026-01-01T00:00:00Z')
const at = (text: string) => new Date(`2026-01-${text}Z`)

test('without jitter: the pauses as they are documented, then dead', () => {
  const expected = [
    at('01T00:00:00'),
    at('01T00:00:05'),
    at('01T00:05:00'),
    at('01T00:30:00'),
    at('01T02:00:00'),
    at('01T05:00:00'),
    at('01T10:00:00'),
    at('01T14:00:00'),
    at('01T20:00:00'),
    at('02T00:00:00'),
    'dead',
  ]
  assert.deepEqual(
    expected.map((_, attempts) => nextAttempt(attempts, NOW, 0)),
    expected,
  )
})

test('jitter lengthens a pause by up to a tenth', () => {
  assert.deepEqual(nextAttempt(2, NOW, 0.5), at('01T00:05:15'))
})

test('Retry-After lengthens a pause, never shortens it, and counts for an hour at most', () => {
  assert.deepEqual(nextAttempt(1, NOW, 0, 60_000), at('01T00:01:00'))
  assert.deepEqual(nextAttempt(2, NOW, 0, 60_000), at('01T00:05:00'))
  assert.deepEqual(nextAttempt(1, NOW, 0, 86_400_000), at('01T01:00:00'))
})

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
  ['99999999999999999999', null],
  ['soon', null],
  ['Sometime', null],
]
for (const [header, expected] of headers) {
  test(`Retry-After: ${header}`, () => {
    assert.equal(parseRetryAfter(header, NOW), expected)
  })
}
