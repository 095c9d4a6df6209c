import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatAmount, parseAmount, UINT256_MAX } from '../../../src/domain/amount.ts'
import { AppError } from '../../../src/domain/error.ts'

/** 2^256 − 1, written out. */
const UINT256_MAX_TEXT =
  '115792089237316195423570985008687907853269984665640564039457584007913129639935'

test('a decimal becomes base units exactly', () => {
  const cases: [text: string, decimals: number, amount: bigint][] = [
    ['0', 6, 0n],
    ['1', 6, 1_000_000n],
    ['12.5', 6, 12_500_000n],
    ['0.000001', 6, 1n],
    ['1.100000', 6, 1_100_000n],
    // 2^53 + 1: the first whole number that a JS number cannot hold.
    ['9007199254.740993', 6, 9_007_199_254_740_993n],
    ['0.1', 18, 100_000_000_000_000_000n],
    ['7', 0, 7n],
    [UINT256_MAX_TEXT, 0, UINT256_MAX],
  ]
  for (const [text, decimals, amount] of cases) {
    assert.equal(parseAmount(text, decimals, 'amount'), amount, text)
  }
})

test('what a lenient parser would round, negate or guess is refused', () => {
  const refused = [
    '1.2345678', // seven places: viem rounds it to 1.234568
    '-1',
    '+1',
    '1e6',
    '01',
    '.5',
    '1.',
    '',
    ' 1',
    '1 ',
    '1\n',
    '1,5',
    '1_000',
    '0x10',
    'NaN',
    'Infinity',
    '１', // a full-width digit one
    `${'9'.repeat(78)}`, // above uint256
    `1${'0'.repeat(200)}`,
  ]
  for (const text of refused) {
    assert.throws(
      () => parseAmount(text, 6, 'minimum'),
      (error: unknown) =>
        error instanceof AppError &&
        error.code === 'invalid_amount' &&
        error.message.startsWith('minimum: '),
      JSON.stringify(text),
    )
  }
})

test('one above uint256 is refused, uint256 itself is not', () => {
  assert.equal(parseAmount(UINT256_MAX_TEXT, 0, 'amount'), 2n ** 256n - 1n)
  const above = `${UINT256_MAX_TEXT.slice(0, -1)}6`
  assert.throws(() => parseAmount(above, 0, 'amount'), /exceeds uint256/)
})

test('base units become a decimal without trailing zeros', () => {
  const cases: [amount: bigint, decimals: number, text: string][] = [
    [0n, 6, '0'],
    [1n, 6, '0.000001'],
    [12_500_000n, 6, '12.5'],
    [1_000_000n, 6, '1'],
    [100n, 0, '100'],
    [9_007_199_254_740_993n, 6, '9007199254.740993'],
    [
      UINT256_MAX,
      18,
      '115792089237316195423570985008687907853269984665640564039457.584007913129639935',
    ],
  ]
  for (const [amount, decimals, text] of cases) {
    assert.equal(formatAmount(amount, decimals), text)
  }
})
