import { assert, required } from '../../lib/assert.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Hex } from '../../lib/hex.ts'
import type { Block } from './block.ts'
import type { Chain } from './chain.ts'
import { readSigned, Refusal, type Transaction } from './transaction.ts'
import type { TronWebModule } from './tronweb.ts'

/** A transaction that a fork puts back, or adds, and into which of the new blocks (0 is the deepest). */
export interface Replacement {
  /** The hash of one that was broadcast once, which keeps its hash, or one as a wallet has signed it. */
  readonly tx: Hex | object
  readonly block: number
}

export interface Fork {
  readonly depth: number
  readonly replacements?: readonly Replacement[]
  /** How many new blocks; one more than `depth` by default, because TRON's nodes follow the longest branch. */
  readonly blocks?: number
}

export interface TrunkParts {
  readonly tron: TronWebModule
  readonly chain: Chain
  readonly clock: Clock
}

/** The branch that the devnet takes for the chain, what waits to be in it, and how it becomes another branch. */
export class Trunk {
  readonly chain: Chain
  readonly #tron: TronWebModule
  readonly #clock: Clock
  /** By height. */
  readonly #blocks: Block[]
  readonly #seen = new Map<Hex, Transaction>()
  #pending: Transaction[] = []
  #isSwitching = false

  constructor({ tron, chain, clock }: TrunkParts) {
    this.chain = chain
    this.#tron = tron
    this.#clock = clock
    this.#blocks = [chain.genesis]
    // Wallets cannot refer to the first block: it has no number and no time.
    this.mine(1)
  }

  get blocks(): readonly Block[] {
    return this.#blocks
  }

  get head(): Block {
    return required(this.#blocks.at(-1), 'the first block never leaves')
  }

  get pending(): readonly Transaction[] {
    return this.#pending
  }

  get isSwitching(): boolean {
    return this.#isSwitching
  }

  /** Takes a signed transaction into the pool. Throws `Refusal` when it could not stand in the next block. */
  submit(transaction: Transaction): void {
    if (this.#pending.some(({ id }) => id === transaction.id)) {
      throw new Refusal('DUP_TRANSACTION_ERROR', 'Dup transaction.')
    }
    this.chain.admit(transaction, this.head)
    this.#seen.set(transaction.id, transaction)
    this.#pending.push(transaction)
  }

  dropPending(): void {
    this.#pending = []
  }

  /** The first of the blocks takes what is pending; what does not fit any more is dropped. */
  mine(count: number): void {
    assert(!this.#isSwitching, 'blocks are produced on a branch that is not being left')
    for (let mined = 0; mined < count; mined += 1) {
      const fitting = this.chain.fitting(this.head, this.#pending)
      this.#pending = []
      this.#blocks.push(this.#next(this.head, fitting))
    }
  }

  /** Lengthens any branch by empty blocks, without following it. */
  lengthen(tip: Block, count: number): Block[] {
    const blocks: Block[] = []
    for (let mined = 0; mined < count; mined += 1) blocks.push(this.#next(blocks.at(-1) ?? tip, []))
    return blocks
  }

  /** A new branch from below the newest `depth` blocks. Transactions of the old one are not in it unless named. */
  branch({ depth, replacements = [], blocks = depth + 1 }: Fork): Block {
    const base = this.#blocks[this.#blocks.length - 1 - depth]
    if (base === undefined || depth < 1) {
      throw new Error(`a fork of ${depth} blocks does not fit: the head is at ${this.head.height}`)
    }
    const stray = replacements.find(({ block }) => block < 0 || block >= blocks)
    if (stray !== undefined) throw new Error(`the new branch has no block ${stray.block}`)
    let tip = base
    for (let index = 0; index < blocks; index += 1) {
      const inside = replacements.filter(({ block }) => block === index)
      const transactions = inside.map(({ tx }) => this.#find(tx))
      const timestamp = this.chain.slotAfter(tip, 0)
      tip = this.chain.build(tip, transactions, timestamp)
    }
    return tip
  }

  /**
   * Leaves the branch for that of `tip` as a node does: back to the common ancestor block by block, then up the
   * other side block by block. Each step is visible to whoever asks between two of them.
   */
  *switchTo(tip: Block): Generator<Block, void, void> {
    const path: Block[] = []
    for (
      let block = tip;
      this.#blocks[block.height] !== block;
      block = this.chain.parentOf(block)
    ) {
      path.unshift(block)
    }
    const ancestor = path[0] === undefined ? tip : this.chain.parentOf(path[0])
    this.#isSwitching = true
    try {
      while (this.head !== ancestor) {
        this.#blocks.pop()
        yield this.head
      }
      for (const block of path) {
        this.#blocks.push(block)
        yield block
      }
    } finally {
      this.#isSwitching = false
    }
  }

  #next(parent: Block, transactions: readonly Transaction[]): Block {
    const timestamp = this.chain.slotAfter(parent, this.#clock.now().getTime())
    return this.chain.build(parent, transactions, timestamp)
  }

  #find(tx: Hex | object): Transaction {
    if (typeof tx === 'object') return readSigned(this.#tron, tx)
    return required(this.#seen.get(tx), `${tx} was broadcast to this devnet`)
  }
}
