/** A number of sixteen digits or more somewhere in the text, which may be beyond 2^53. */
const LONG_NUMBER = /[:[,]\s*-?\d{16}/

/** What reading one number gets to see of the text (ECMA-262, JSON.parse with source text access). */
interface Source {
  readonly source: string
}

/**
 * JSON whose integers stay exact. A node prints its int64s as plain numbers, down to -2^63 in the genesis block,
 * and a double would round them silently. Those that a number cannot hold come as `bigint`. The text is read
 * a second way only where a long number stands in it: with a reviver, reading takes some ten times as long.
 */
export function parseExactJson(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text)
  return JSON.parse(text, (_key, value: unknown, context?: Source) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
    const { source = '' } = context ?? {}
    return /^-?\d+$/.test(source) ? BigInt(source) : value
  })
}
