import type { BlockHeader } from '../../domain/block.ts'
import { contradict } from '../wire/failure.ts'

/** Each block names the one before it as its parent. A range that straddles a switch of branches does not. */
export function assertLinked(headers: readonly BlockHeader[]): void {
  for (const [index, { height, parentHash }] of headers.entries()) {
    const below = headers[index - 1]
    if (below !== undefined && below.hash !== parentHash) {
      contradict('a range is not linked', { height, parentHash, below: below.hash })
    }
  }
}
