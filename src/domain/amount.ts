import { AppError } from './error.ts'

const DECIMAL = /^(0|[1-9]\d{0,77})(?:\.(\d+))?$/
export const UINT256_MAX = 2n ** 256n - 1n

/**
 * Reads a decimal amount such as `12.5` into base units, exactly. Signs, exponents, leading zeros and more than
 * `decimals` places are refused, never rounded: viem's `parseUnits('1.2345678', 6)` rounds and takes `-1`.
 */
export function parseAmount(text: string, decimals: number, field: string): bigint {
  const [, whole, fraction = ''] = DECIMAL.exec(text) ?? []
  if (whole === undefined) {
    throw new AppError(
      'invalid_amount',
      `${field}: "${text}" is not a plain decimal such as "12.5"`,
    )
  }
  if (fraction.length > decimals) {
    throw new AppError(
      'invalid_amount',
      `${field}: "${text}" has more than ${decimals} decimal places`,
    )
  }
  const amount = BigInt(whole + fraction.padEnd(decimals, '0'))
  if (amount > UINT256_MAX)
    throw new AppError('invalid_amount', `${field}: "${text}" exceeds uint256`)
  return amount
}

/** Base units as a decimal without trailing zeros: `12500000` with 6 decimals is `12.5`. */
export function formatAmount(amount: bigint, decimals: number): string {
  const digits = amount.toString().padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '')
  return fraction === '' ? whole : `${whole}.${fraction}`
}

/** As whole tokens in a float, which keeps 15 digits: for pictures only, never for books. */
export function approximateTokens(amount: bigint, decimals: number): number {
  return Number(formatAmount(amount, decimals))
}
