import type { Hex } from '../../lib/hex.ts'
import { contradict } from '../wire/failure.ts'
import { hasDigitsFrom } from '../wire/hex-field.ts'

/**
 * A node prints bytes without `0x`, and in lower case. They are judged before the two are put in front: V8 joins
 * strings only when somebody looks at their characters, and of most logs nobody will.
 */
export function readBare(value: unknown, bytes: number, field: string): Hex {
  const isBytes = typeof value === 'string' && value.length === 2 * bytes && hasDigitsFrom(value, 0)
  if (!isBytes) contradict(`${field} is no ${bytes} bytes`, { [field]: value })
  return `0x${value}`
}

/** As `readBare`, of any length; what is empty is left out of an answer. */
export function readBareBytes(value: unknown, field: string): Hex {
  if (value === undefined) return '0x'
  const digits = typeof value === 'string' ? value.length : 1
  if (digits % 2 === 1) contradict(`${field} is no bytes`, { [field]: value })
  return readBare(value, digits / 2, field)
}

/**
 * A whole number from zero on. Zero is left out of an answer, as every default of its encoding is. A node prints
 * an int64 as it is: one that a double would round (beyond 2^53) is refused, never rounded; amounts of tokens are
 * no numbers here but bytes of a log.
 */
export function readWhole(value: unknown, field: string): number {
  if (value === undefined) return 0
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    contradict(`${field} is no whole number`, { [field]: value })
  }
  return value
}

/** An empty list is left out of an answer. */
export function readList(value: unknown, field: string): readonly unknown[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) contradict(`${field} is no list`, { [field]: value })
  return value
}

export function readObject(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    contradict(`${field} is no object`, { [field]: value })
  }
  return value as Record<string, unknown>
}

export function readText(value: unknown, field: string): string {
  if (typeof value !== 'string') contradict(`${field} is no text`, { [field]: value })
  return value
}
