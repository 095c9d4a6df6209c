import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextAttempt } from '../../../src/delivery/retry-schedule.ts'
import { fc } from '../../support/properties.ts'

const HOUR_MS = 3_600_000
/** Seconds, written down a second time on purpose: the oracle of the schedule. */
const PAUSES = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]

const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const now = fc.date({
  min: new Date('2020-01-01'),
  max: new Date('2100-01-01'),
  noInvalidDate: true,
})

function pauseMs(attempts: number, start: Date, chance: number, retryAfterMs?: number): number {
  const next = nextAttempt(attempts, start, chance, retryAfterMs)
  assert.ok(next !== 'dead')
  return next.getTime() - start.getTime()
}

test('a pause is its nominal length and up to a tenth more', () => {
  fc.assert(
    fc.property(fc.nat(9), now, fraction, (attempts, start, chance) => {
      const nominalMs = (PAUSES[attempts] ?? Number.NaN) * 1_000
      const ms = pauseMs(attempts, start, chance)
      assert.ok(ms >= nominalMs && ms <= nominalMs * 1.1)
    }),
  )
})

test('pauses grow with every attempt, whatever the jitter', () => {
  fc.assert(
    fc.property(fc.nat(8), now, fraction, fraction, (attempts, start, one, other) => {
      assert.ok(pauseMs(attempts + 1, start, one) > pauseMs(attempts, start, other))
    }),
  )
})

test('a round ends, after 72 to 90 hours, whatever the receiver asks for', () => {
  const asked = fc.array(fc.nat(1_000 * HOUR_MS), { minLength: 10, maxLength: 10 })
  fc.assert(
    fc.property(now, fraction, asked, (start, chance, retryAfters) => {
      let time = start
      let attempts = 0
      for (;;) {
        const retryAfterMs = attempts === 0 ? 0 : retryAfters[attempts - 1]
        const next = nextAttempt(attempts, time, chance, retryAfterMs)
        if (next === 'dead') break
        time = next
        attempts += 1
      }
      assert.equal(attempts, 10)
      const hours = (time.getTime() - start.getTime()) / HOUR_MS
      assert.ok(hours >= 72 && hours <= 90, `${hours} hours`)
    }),
  )
})
