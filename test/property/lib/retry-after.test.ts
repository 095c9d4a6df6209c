import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRetryAfter } from '../../../src/lib/retry-after.ts'
import { fc } from '../../support/properties.ts'

const now = fc.date({
  min: new Date('2020-01-01'),
  max: new Date('2100-01-01'),
  noInvalidDate: true,
})

test('Retry-After as a date is the time until then', () => {
  fc.assert(
    fc.property(now, fc.nat(10_000_000), (start, seconds) => {
      const date = new Date(Math.floor(start.getTime() / 1_000 + seconds) * 1_000)
      const parsed = parseRetryAfter(date.toUTCString(), start)
      assert.equal(parsed, Math.max(0, date.getTime() - start.getTime()))
    }),
  )
})

test('no Retry-After header makes it throw or go negative', () => {
  fc.assert(
    fc.property(fc.string(), now, (header, start) => {
      const parsed = parseRetryAfter(header, start)
      assert.ok(parsed === null || parsed >= 0)
    }),
  )
})
