import { toHex, type Hex } from '../../../src/lib/hex.ts'
import type { Random } from '../../../src/lib/random.ts'
import { required } from '../../../src/lib/assert.ts'

/**
 * Chance from a seed (sfc32). Each part of the world draws from a fork of its own, so that one more draw in one
 * place does not change what all the others see.
 */
export class Dice {
  readonly #seed: string
  readonly #state: Uint32Array

  constructor(seed: string) {
    this.#seed = seed
    this.#state = mixed(seed)
    for (let round = 0; round < 12; round += 1) this.next()
  }

  fork(label: string): Dice {
    return new Dice(`${this.#seed}/${label}`)
  }

  /** 32 bits. */
  next(): number {
    const s = this.#state
    const [a = 0, b = 0, c = 0, d = 0] = s
    const sum = (a + b + d) >>> 0
    s[0] = b ^ (b >>> 9)
    s[1] = (c + (c << 3)) >>> 0
    s[2] = (((c << 21) | (c >>> 11)) + sum) >>> 0
    s[3] = (d + 1) >>> 0
    return sum
  }

  /** Uniform in [0, 1). */
  fraction(): number {
    return this.next() / 2 ** 32
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  /** Both ends inclusive. */
  between(low: number, high: number): number {
    return low + Math.floor(this.fraction() * (high - low + 1))
  }

  /** Mostly near zero, sometimes far: what depths and bursts look like. */
  skewed(max: number): number {
    return Math.floor(this.fraction() ** 3 * (max + 1))
  }

  pick<T>(list: readonly T[]): T {
    return required(list[this.between(0, list.length - 1)], 'picking from an empty list')
  }

  shuffled<T>(list: readonly T[]): T[] {
    return list
      .map((item) => ({ item, order: this.next() }))
      .toSorted((a, b) => a.order - b.order)
      .map(({ item }) => item)
  }

  bytes(count: number): Buffer {
    const buffer = Buffer.alloc(Math.ceil(count / 4) * 4)
    for (let offset = 0; offset < buffer.length; offset += 4) {
      buffer.writeUInt32BE(this.next(), offset)
    }
    return buffer.subarray(0, count)
  }

  hex(bytes: number): Hex {
    return toHex(this.bytes(bytes))
  }

  asRandom(): Random {
    return { bytes: (count) => this.bytes(count), fraction: () => this.fraction() }
  }
}

/** Four well-mixed words of the text (FNV-1a with four offsets). */
function mixed(text: string): Uint32Array {
  const words = Uint32Array.of(0x811c9dc5, 0x9747b28c, 0x1b873593, 0x85ebca6b)
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    for (let index = 0; index < 4; index += 1) {
      const word = Math.imul((words[index] ?? 0) ^ (code + index), 0x01000193)
      words[index] = word ^ (word >>> 15)
    }
  }
  return words
}
