import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatAmount, parseAmount, UINT256_MAX } from '../../../src/domain/amount.ts'
import { AppError } from '../../../src/domain/error.ts'
import { fc } from '../../support/properties.ts'

const DIGITS = '0123456789'.split('')
const decimals = fc.integer({ min: 0, max: 36 })
/** Half of them above 2^53, where a JS number would already have lost digits. */
const amounts = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 53n }),
  fc.bigInt({ min: 2n ** 53n, max: UINT256_MAX }),
)

test('what is formatted is read back as the same amount', () => {
  fc.assert(
    fc.property(amounts, decimals, (amount, places) => {
      assert.equal(parseAmount(formatAmount(amount, places), places, 'amount'), amount)
    }),
  )
})

test('reading agrees with counting base units by hand', () => {
  const fraction = fc.string({ unit: fc.constantFrom(...DIGITS), maxLength: 40 })
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 64n }),
      fraction,
      decimals,
      (whole, digits, places) => {
        const text = digits === '' ? `${whole}` : `${whole}.${digits}`
        if (digits.length > places) {
          assert.throws(() => parseAmount(text, places, 'amount'), AppError)
          return
        }
        const unit = 10n ** BigInt(places)
        const parts = BigInt(digits === '' ? 0 : digits) * 10n ** BigInt(places - digits.length)
        assert.equal(parseAmount(text, places, 'amount'), whole * unit + parts)
      },
    ),
  )
})

test('no text is read that is not a plain decimal', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom(...DIGITS, ...'.-+eE ,_x'.split('')), maxLength: 12 }),
    fc.double().map(String),
  )
  fc.assert(
    fc.property(text, (given) => {
      let read: bigint | null = null
      try {
        read = parseAmount(given, 6, 'amount')
      } catch (error) {
        assert.ok(error instanceof AppError)
      }
      const isPlain = /^[0-9]+(\.[0-9]+)?$/.test(given)
      if (!isPlain) assert.equal(read, null)
    }),
    { numRuns: 1_000 },
  )
})
