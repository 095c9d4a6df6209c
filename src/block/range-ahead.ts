import type { BlockRange } from '../domain/block.ts'
import { readFinalRange, type ChainSource } from '../domain/source.ts'

/** Blocks asked for in one range; the source stops earlier where its provider's limits ask for it. */
const RANGE_BLOCKS_MAX = 5_000

type Source = Pick<ChainSource, 'range' | 'isFinal'>

/** Reads finalized history range by range, the next one while the previous one is being committed. */
export class RangeAhead {
  readonly #source: Source
  #ahead: { readonly from: number; readonly range: Promise<BlockRange> } | null = null

  constructor(source: Source) {
    this.#source = source
  }

  next(from: number, finalizedHeight: number): Promise<BlockRange> {
    const ahead = this.#ahead
    this.#ahead = null
    return ahead?.from === from ? ahead.range : this.#read(from, finalizedHeight)
  }

  lookAhead(from: number, finalizedHeight: number): void {
    if (from > finalizedHeight) return
    const range = this.#read(from, finalizedHeight)
    // It is awaited in the next tick; until then a failure must not count as unhandled.
    range.catch(() => undefined)
    this.#ahead = { from, range }
  }

  forget(): void {
    this.#ahead = null
  }

  #read(from: number, finalizedHeight: number): Promise<BlockRange> {
    const to = Math.min(finalizedHeight, from + RANGE_BLOCKS_MAX - 1)
    return readFinalRange(this.#source, from, to)
  }
}
