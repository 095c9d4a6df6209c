import type { Hex } from '../../lib/hex.ts'
import type { Block, Included } from './block.ts'
import type { Chain } from './chain.ts'

/** A branch, as far as one API of one node lets it be seen. */
export interface Window {
  readonly head: Block
  at(height: number): Block | null
  byId(id: string): Block | null
  transaction(hash: Hex): Located | null
}

export interface Located {
  readonly block: Block
  readonly index: number
  readonly included: Included
}

export interface ViewOptions {
  readonly chain: Chain
  /** The devnet's own branch, by height. */
  readonly followed: () => readonly Block[]
  /** How many blocks this node is behind it. */
  readonly lag: number
  readonly solidLag: () => number
}

/** What one node holds for the chain: the devnet's branch, perhaps some blocks late, or a branch it has stayed on. */
export class View {
  lag: number
  readonly #options: ViewOptions
  #own: Block[] | null = null
  #solidHeight = 0

  constructor(options: ViewOptions) {
    this.#options = options
    this.lag = options.lag
  }

  get head(): Block {
    return this.#window(this.#headHeight).head
  }

  /** Everything up to the head: what `/wallet` and JSON-RPC show. */
  all(): Window {
    return this.#window(this.#headHeight)
  }

  /** Only what is solid: what `/walletsolidity` shows, and the tag `finalized`. */
  solid(): Window {
    const head = this.#headHeight
    // Solidification never goes back, not even while a longer branch is being switched to.
    this.#solidHeight = Math.max(this.#solidHeight, head - this.#options.solidLag(), 0)
    return this.#window(Math.min(this.#solidHeight, head))
  }

  /** Stays with the blocks it has, whatever branch the devnet follows. */
  stay(): void {
    this.#own = this.#blocks.slice(0, this.#headHeight + 1)
    this.lag = 0
  }

  follow(): void {
    this.#own = null
    this.lag = this.#options.lag
  }

  /** Lengthens the branch that it has stayed on. */
  push(block: Block): void {
    if (this.#own === null)
      throw new Error('a node that follows the devnet has no branch of its own')
    this.#own.push(block)
  }

  get #blocks(): readonly Block[] {
    return this.#own ?? this.#options.followed()
  }

  get #headHeight(): number {
    return Math.max(0, this.#blocks.length - 1 - this.lag)
  }

  #window(height: number): Window {
    const blocks = this.#blocks
    const { chain } = this.#options
    const at = (wanted: number): Block | null =>
      wanted <= height ? (blocks[wanted] ?? null) : null
    const isHere = (block: Block): boolean => at(block.height) === block
    return {
      head: blocks[height] ?? chain.genesis,
      at,
      byId(id) {
        const block = chain.get(id)
        return block !== undefined && isHere(block) ? block : null
      },
      transaction(hash) {
        const block = chain.holdersOf(hash).find(isHere)
        if (block === undefined) return null
        const index = block.transactions.findIndex(({ transaction }) => transaction.id === hash)
        const included = block.transactions[index]
        return included === undefined ? null : { block, index, included }
      },
    }
  }
}
