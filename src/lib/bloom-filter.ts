import { assert } from './assert.ts'

/** Bits per key and probes per lookup: about 0.3 % false positives (Bloom 1970: k = m/n · ln 2). */
const BITS_PER_KEY = 12
const PROBES = 8

/**
 * A set that may say "perhaps" for a key it never saw, and never says "no" for one it did. 12 bits a key: ten
 * million keys take 15 MB, where a JavaScript Set of their hex strings takes over a gigabyte.
 */
export class BloomFilter {
  readonly capacity: number
  readonly #words: Uint32Array
  readonly #bits: number
  #count = 0

  /** `capacity`: how many keys it can hold at the stated rate of false positives. */
  constructor(capacity: number) {
    assert(capacity >= 1, `a filter for ${capacity} keys`)
    this.capacity = capacity
    this.#words = new Uint32Array(Math.ceil((capacity * BITS_PER_KEY) / 32))
    this.#bits = this.#words.length * 32
  }

  get count(): number {
    return this.#count
  }

  /** `key`: hexadecimal digits, evenly distributed ones best in the last 16, as in addresses. */
  add(key: string): void {
    const [first, step] = hash(key)
    for (let probe = 0; probe < PROBES; probe += 1) {
      const bit = this.#bit(first, step, probe)
      this.#words[bit >>> 5] = (this.#words[bit >>> 5] ?? 0) | (1 << (bit & 31))
    }
    this.#count += 1
  }

  mayHave(key: string): boolean {
    const [first, step] = hash(key)
    for (let probe = 0; probe < PROBES; probe += 1) {
      const bit = this.#bit(first, step, probe)
      if (((this.#words[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false
    }
    return true
  }

  /** Double hashing (Kirsch and Mitzenmacher 2006): two hashes give all the probes. */
  #bit(first: number, step: number, probe: number): number {
    return (first + probe * step) % this.#bits
  }
}

/** Two 32-bit hashes of the text in one pass (FNV-1a with two offsets, each finished by murmur3's mixer). */
function hash(key: string): readonly [number, number] {
  let a = 0x811c9dc5
  let b = 0x9747b28c
  for (let index = 0; index < key.length; index += 1) {
    const code = key.charCodeAt(index)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code, 0x01000193) + 1
  }
  return [mix(a), (mix(b) | 1) >>> 0]
}

function mix(value: number): number {
  let h = value
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
