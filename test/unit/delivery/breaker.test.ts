import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CLOSED,
  afterFailure,
  allowance,
  isOpen,
  type Breaker,
} from '../../../src/delivery/breaker.ts'

const NOW = new Date('2026-01-01T00:00:00Z')
const later = (seconds: number) => new Date(NOW.getTime() + seconds * 1_000)
const failing = (failures: number): Breaker => ({ failures, openUntil: null })

test('four failures in a row leave it closed, the fifth opens it for 30 seconds', () => {
  let breaker = CLOSED
  for (let failure = 1; failure <= 4; failure += 1) breaker = afterFailure(breaker, NOW, 0)
  assert.equal(isOpen(breaker, NOW), false)
  assert.equal(allowance(breaker, 100), 100)
  breaker = afterFailure(breaker, NOW, 0)
  assert.deepEqual(breaker, { failures: 5, openUntil: later(30) })
  assert.equal(isOpen(breaker, later(29.999)), true)
  assert.equal(isOpen(breaker, later(30)), false)
  assert.equal(allowance(breaker, 100), 1)
})

test('each failed probe doubles the pause, up to ten minutes', () => {
  const pauses = [5, 6, 7, 8, 9, 10, 50].map(
    (failures) => afterFailure(failing(failures - 1), NOW, 0).openUntil,
  )
  assert.deepEqual(pauses, [30, 60, 120, 240, 480, 600, 600].map(later))
})

test('jitter adds up to a tenth', () => {
  assert.deepEqual(afterFailure(failing(4), NOW, 0.5).openUntil, later(31.5))
})

test('failures of attempts that were under way when it opened do not lengthen the pause', () => {
  const open = afterFailure(failing(4), NOW, 0)
  assert.deepEqual(afterFailure(open, later(1), 0), open)
})

test('a receiver that asks to be left alone is, for ten minutes at most', () => {
  assert.deepEqual(afterFailure(CLOSED, NOW, 0, 90_000), { failures: 1, openUntil: later(90) })
  assert.deepEqual(afterFailure(CLOSED, NOW, 0, 86_400_000).openUntil, later(600))
})
