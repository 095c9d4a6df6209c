import { createHash } from 'node:crypto'

/** What a statement is made of: numbers in it are whole and safe, amounts are strings. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject

export interface JsonObject {
  readonly [key: string]: Json
}

/**
 * SHA-256 over the canonical form: keys sorted, no white space, UTF-8. For whole numbers and plain strings it is
 * RFC 8785's, and what `jq -cjS` prints, so that nobody needs this program to check it.
 */
export function digestOf(json: Json): string {
  return `sha256:${createHash('sha256').update(canonical(json)).digest('hex')}`
}

function canonical(json: Json): string {
  return JSON.stringify(json, (_key, value: Json) => (isObject(value) ? sorted(value) : value))
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sorted(object: JsonObject): JsonObject {
  const keys = Object.keys(object).toSorted()
  return Object.fromEntries(keys.map((key) => [key, object[key] ?? null]))
}
