import { createHash } from 'node:crypto'
import { randomId } from '../domain/id.ts'
import type { Random } from '../lib/random.ts'

const API_KEY = /^settled_(?:live|test)_[0-9a-z]{26}$/

/** `settled_live_…`: recognisable to people and secret scanners, 130 bits of chance at the end. */
export function newApiKey(kind: 'live' | 'test', random: Random): string {
  return randomId(`settled_${kind}`, random)
}

export function isApiKey(text: string): boolean {
  return API_KEY.test(text)
}

/**
 * What is stored and looked up. A plain SHA-256 is enough for 130 random bits: there is no password to guess, so
 * a slow hash would only cost each request. Looking the hash up, instead of comparing keys, leaks no timing.
 */
export function hashApiKey(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
