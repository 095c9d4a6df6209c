import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BloomFilter } from '../../../src/lib/bloom-filter.ts'
import { fc } from '../../support/properties.ts'

test('a filter never denies what it was given: a denied address is a lost deposit', () => {
  const keys = fc.oneof(
    fc
      .uint8Array({ minLength: 20, maxLength: 20 })
      .map((bytes) => Buffer.from(bytes).toString('hex')),
    // Vanity addresses and patterns hash as badly as anything can.
    fc.nat({ max: 255 }).map((byte) => Buffer.alloc(20, byte).toString('hex')),
  )
  fc.assert(
    fc.property(
      fc.array(keys, { minLength: 1, maxLength: 300 }),
      fc.integer({ min: 1, max: 400 }),
      (given, capacity) => {
        const filter = new BloomFilter(capacity)
        for (const key of given) filter.add(key)
        assert.deepEqual(
          given.filter((key) => !filter.mayHave(key)),
          [],
        )
      },
    ),
  )
})

test('filled to its capacity it lets few strangers through', () => {
  const filter = new BloomFilter(20_000)
  const key = (n: number): string => n.toString(16).padStart(40, '0')
  for (let n = 0; n < 20_000; n += 1) filter.add(key(n))
  let strangers = 0
  for (let n = 20_000; n < 40_000; n += 1) strangers += filter.mayHave(key(n)) ? 1 : 0
  // 0.3 % by the formula for 12 bits and 8 probes; three times that would mean that the probes depend on each other.
  assert.ok(strangers < 200, `${strangers} of 20,000`)
})
