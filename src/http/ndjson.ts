import { isUtf8 } from 'node:buffer'

export interface Line {
  /** From 1, as an editor counts. */
  readonly number: number
  /** Null when the line is longer than the limit or not UTF-8; `reason` says which. */
  readonly text: string | null
  readonly reason: string
}

const NEWLINE = 0x0a

/**
 * The lines of a byte stream; blank ones are counted and left out. Holds one chunk and one line of at most
 * `bytesMax` at a time, however long the stream or its lines are.
 */
export async function* readLines(
  stream: AsyncIterable<Buffer>,
  bytesMax: number,
): AsyncGenerator<Line> {
  let number = 1
  let pending: Buffer[] = []
  let pendingBytes = 0
  for await (const chunk of stream) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const line = finish(chunk.subarray(start, end))
      if (line !== null) yield line
      number += 1
      start = end + 1
    }
    keep(chunk.subarray(start))
  }
  const last = finish(Buffer.alloc(0))
  if (last !== null) yield last

  /** What is over the limit is only counted: the rest of an endless line must not be kept. */
  function keep(part: Buffer): void {
    if (pendingBytes <= bytesMax) pending.push(part)
    pendingBytes += part.length
  }

  function finish(part: Buffer): Line | null {
    keep(part)
    const bytes = pending.length === 1 ? part : Buffer.concat(pending)
    const tooLong = pendingBytes > bytesMax
    pending = []
    pendingBytes = 0
    if (tooLong) return { number, text: null, reason: `is longer than ${bytesMax} bytes` }
    if (!isUtf8(bytes)) return { number, text: null, reason: 'is not UTF-8' }
    const text = bytes.toString().trim()
    return text === '' ? null : { number, text, reason: '' }
  }
}
