/** The two wire types that block headers and transactions need; a field with its default value is not written. */
export function numberField(field: number, value: number): Buffer {
  if (value === 0) return Buffer.alloc(0)
  return Buffer.concat([varint(field << 3), varint(value)])
}

export function bytesField(field: number, bytes: Uint8Array): Buffer {
  if (bytes.length === 0) return Buffer.alloc(0)
  return Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = BigInt(value)
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  return Buffer.from([...bytes, Number(rest)])
}
