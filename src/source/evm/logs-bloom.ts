import { keccak256 } from 'viem/utils'
import { toBytes, type Hex } from '../../lib/hex.ts'

/** 2,048 bits over the addresses and topics of a block's logs (Yellow Paper, 4.3.1). */
export type LogsBloom = Hex

/** One bit: which byte of the bloom, and which bit in it. */
interface Bit {
  readonly byte: number
  readonly mask: number
}

/**
 * Whether a block may hold logs with all of these values. Only "no" is certain: full blocks say "maybe" to
 * almost anything.
 */
export class BloomProbe {
  readonly #bits: readonly Bit[]

  constructor(values: readonly Hex[]) {
    this.#bits = values.flatMap(bitsOf)
  }

  mayMatch(bloom: LogsBloom): boolean {
    const bytes = toBytes(bloom)
    return this.#bits.every(({ byte, mask }) => ((bytes[byte] ?? 0) & mask) !== 0)
  }
}

/** The low eleven bits of the first three pairs of bytes of the hash; the bloom's last byte holds bits 0 to 7. */
function bitsOf(value: Hex): Bit[] {
  const hash = toBytes(keccak256(value))
  return [0, 2, 4].map((offset) => {
    const bit = hash.readUInt16BE(offset) & 2_047
    return { byte: 255 - (bit >> 3), mask: 1 << (bit & 7) }
  })
}
