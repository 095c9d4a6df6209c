import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextAttempt } from '../../../src/delivery/retry-schedule.ts'

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
  assert.deepEqual(nextAttempt(1, NOW, 0, Infinity), at('01T01:00:00'))
})
