import { assert } from './assert.ts'

/** Lower-case hexadecimal with a `0x` prefix: the one form in which hashes and addresses travel in memory. */
export type Hex = `0x${string}`

const HEX = /^0x(?:[0-9a-f]{2})*$/

export function isHex(text: string): text is Hex {
  return HEX.test(text)
}

export function toHex(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`
}

export function toBytes(hex: Hex): Buffer {
  const bytes = Buffer.from(hex.slice(2), 'hex')
  assert(bytes.length * 2 + 2 === hex.length, `not hexadecimal bytes: ${hex}`)
  return bytes
}
