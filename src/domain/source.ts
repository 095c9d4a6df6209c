import type { Block, BlockHeader, BlockRange, BlockRef } from './block.ts'
import type { NumberedTransfer } from './transfer.ts'

/**
 * What every protocol family implements: a chain as its providers report it. Answers are checked for shape and
 * for being what was asked; whether they fit our view of the chain is the caller's question, which is why every
 * answer carries its hash and parent hash. `null` always means "this provider does not have it (yet)", never
 * "it does not exist". Failures throw `SourceError`.
 */
export interface ChainSource {
  /** The newest block the provider reports. It may go back: a lagging replica is not a reorg. */
  head(): Promise<BlockHeader>
  /** What the protocol calls irreversible; null while the chain has not said (a young or stalled chain). */
  finalizedHead(): Promise<BlockHeader | null>
  /** The canonical header at a height, in the eyes of the provider that answers. */
  header(height: number): Promise<BlockHeader | null>
  /** The block at a height with its transfers; the transfers are bound to the returned hash. */
  block(height: number): Promise<Block | null>
  /**
   * Finalized history from `from` to at most `to`, both inclusive. It may stop earlier where the provider's
   * limits ask for it: `last.height` says how far it came, and at least one block is always covered.
   */
  range(from: number, to: number): Promise<BlockRange>
  /**
   * Whether one and the same provider shows this block at its height and calls that height final. Two providers
   * may stand on two branches: the finality of the one says nothing about the blocks of the other.
   */
  isFinal(block: BlockRef): Promise<boolean>
  /**
   * Whether providers do so still: one at least, and no fewer than those that call another block in its place final.
   * Where they do, whoever shows another, or has not come to it, is not the next to be asked for the head.
   */
  isUpheld(block: BlockRef): Promise<boolean>
  /**
   * How many distinct providers show this transfer in this very block, all of them asked anew. Where a transaction
   * makes it several times alike, the `ordinal`th of them: who shows one of two does not vouch for the second.
   */
  witnesses(block: BlockRef, numbered: NumberedTransfer): Promise<number>
  /** Calls `ring` whenever a provider hints at a new block. Only ever a hint: polling is the truth. */
  onHint(ring: () => void): void
  close(): Promise<void>
}

/** A range whose end is final beyond doubt, and with it, through the links, all of it. */
export async function readFinalRange(
  source: Pick<ChainSource, 'range' | 'isFinal'>,
  from: number,
  to: number,
): Promise<BlockRange> {
  const range = await source.range(from, to)
  if (await source.isFinal(range.last)) return range
  const { height, hash } = range.last
  throw new SourceError('transient', `block ${height} ${hash} is not called final by who shows it`)
}

/** Why a source could not answer. `transient`: try later; `misconfigured`: a person has to act first. */
export class SourceError extends Error {
  override readonly name = 'SourceError'
  readonly kind: 'transient' | 'misconfigured'

  constructor(kind: 'transient' | 'misconfigured', message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}

/** What somebody was asked, or why there is no answer. */
export type Answer<T> = { readonly value: T } | { readonly failure: string }

/** For those who go on without it: who cannot be heard says nothing. Anything else that fails is thrown. */
export async function answerOf<T>(ask: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await ask() }
  } catch (error) {
    if (error instanceof SourceError) return { failure: error.message }
    throw error
  }
}
