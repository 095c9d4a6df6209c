import { createHash } from 'node:crypto'
import type { Block, BlockHeader, BlockRange, BlockRef } from '../../src/domain/block.ts'
import type { ChainSource } from '../../src/domain/source.ts'
import type { NumberedTransfer, Transfer } from '../../src/domain/transfer.ts'
import type { Hex } from '../../src/lib/hex.ts'

export type Payment = Omit<Transfer, 'height' | 'blockHash' | 'blockTimeMs' | 'logIndex'>

const GENESIS_MS = Date.UTC(2026, 0, 1)

/** A 32-byte hash of any text: ids for scripted blocks and transactions. */
export function hashOf(text: string): Hex {
  return `0x${createHash('sha256').update(text).digest('hex')}`
}

/**
 * A chain in memory that does what it is told: grows, forks, lags, withholds. For properties that need
 * thousands of chains; what a real node does is tested on a real node.
 */
export class ScriptedChain implements ChainSource {
  #blocks: Block[] = []
  #finalized: number | null = null
  #forks = 0
  /** How many of the newest blocks the provider does not show. */
  hidden = 0

  constructor() {
    this.mine([])
  }

  /** Genesis and so many blocks on top. */
  static of(blocks: number): ScriptedChain {
    const chain = new ScriptedChain()
    chain.mineEmpty(blocks)
    return chain
  }

  get blocks(): readonly Block[] {
    return this.#blocks
  }

  /** Puts blocks without payments on top. */
  mineEmpty(blocks: number): void {
    for (let count = 0; count < blocks; count += 1) this.mine([])
  }

  /** Puts a block on top and returns it. */
  mine(payments: readonly Payment[]): Block {
    const parent = this.#blocks.at(-1)
    const height = (parent?.height ?? -1) + 1
    const hash = hashOf(
      `${parent?.hash ?? 'genesis'} ${this.#forks} ${payments.map((p) => p.txHash).join()}`,
    )
    const blockTimeMs = GENESIS_MS + height * 1_000
    const transfers = payments.map((payment, logIndex) => ({
      ...payment,
      height,
      blockHash: hash,
      blockTimeMs,
      // Elsewhere in the block after a fork, as re-mined transactions are.
      logIndex: logIndex + this.#forks * 10,
    }))
    const block = {
      height,
      hash,
      parentHash: parent?.hash ?? hashOf('void'),
      time: new Date(blockTimeMs),
      transfers,
    }
    this.#blocks.push(block)
    return block
  }

  /** Cuts the newest `depth` blocks off; what is mined next is another branch. Returns what was cut. */
  cut(depth: number): readonly Block[] {
    this.#forks += 1
    return this.#blocks.splice(this.#blocks.length - depth)
  }

  /** Back to a branch that was cut before, on top of what is left. */
  restore(blocks: readonly Block[]): void {
    this.#blocks.push(...blocks)
  }

  /** The same chain so far; what is mined on either from here on is on a branch of its own. */
  fork(): ScriptedChain {
    const other = new ScriptedChain()
    other.restore(this.#blocks.slice(1))
    other.#forks = this.#forks + 1
    return other
  }

  finalize(height: number): void {
    this.#finalized = height
  }

  async head(): Promise<BlockHeader> {
    const shown = this.#shown()
    return shown[shown.length - 1] as BlockHeader
  }

  async finalizedHead(): Promise<BlockHeader | null> {
    return this.#finalized === null ? null : (this.#shown()[this.#finalized] ?? null)
  }

  async header(height: number): Promise<BlockHeader | null> {
    return this.#shown()[height] ?? null
  }

  async block(height: number): Promise<Block | null> {
    return this.#shown()[height] ?? null
  }

  async range(from: number, to: number): Promise<BlockRange> {
    const blocks = this.#blocks.slice(from, to + 1)
    const [first, last] = [blocks[0], blocks.at(-1)]
    if (first === undefined || last === undefined) throw new Error(`no blocks ${from} to ${to}`)
    return { first, last, transfers: blocks.flatMap((block) => block.transfers) }
  }

  async isFinal(block: BlockRef): Promise<boolean> {
    const isShown = this.#blocks[block.height]?.hash === block.hash
    return isShown && this.#finalized !== null && block.height <= this.#finalized
  }

  isUpheld(block: BlockRef): Promise<boolean> {
    return this.isFinal(block)
  }

  async witnesses(block: BlockRef, _numbered: NumberedTransfer): Promise<number> {
    return this.#blocks[block.height]?.hash === block.hash ? 1 : 0
  }

  onHint(): void {}

  async close(): Promise<void> {}

  #shown(): Block[] {
    return this.#blocks.slice(0, Math.max(1, this.#blocks.length - this.hidden))
  }
}
