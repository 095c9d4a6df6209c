import type { Hex } from '../../lib/hex.ts'
import { contradict } from './failure.ts'

const ZERO = 48
const NINE = 57
const A = 97
const F = 102

/** `0x` and 13 digits are 52 bits, which a number holds exactly; heights, seconds and log indexes are far below. */
const QUANTITY_LENGTH_MAX = 15

/**
 * A character loop, because two million fields a second pass through here: a regular expression takes three
 * times as long. Upper case is refused like any other foreign character: nodes answer in lower case, and two
 * spellings of one hash must never be compared.
 */
export function isHexText(text: unknown, length: number): text is Hex {
  if (typeof text !== 'string' || text.length !== length || !text.startsWith('0x')) return false
  for (let index = 2; index < length; index += 1) {
    const code = text.charCodeAt(index)
    if (code < ZERO || code > F || (code > NINE && code < A)) return false
  }
  return true
}

export const HASH_LENGTH = 66

export function readHash(value: unknown, field: string): Hex {
  if (!isHexText(value, HASH_LENGTH)) contradict(`${field} is no 32-byte hash`, { [field]: value })
  return value
}

export function readBytes(value: unknown, field: string): Hex {
  const isBytes = typeof value === 'string' && value.length % 2 === 0
  if (!isBytes || !isHexText(value, value.length))
    contradict(`${field} is no bytes`, { [field]: value })
  return value
}

/** A JSON-RPC quantity (`0x1f`) as a number. */
export function readQuantity(value: unknown, field: string): number {
  if (
    typeof value !== 'string' ||
    value.length < 3 ||
    value.length > QUANTITY_LENGTH_MAX ||
    !isHexText(value, value.length)
  ) {
    contradict(`${field} is no quantity`, { [field]: value })
  }
  return Number(value)
}

export function toQuantity(value: number): Hex {
  return `0x${value.toString(16)}`
}
