import type { Hex } from '../../../src/lib/hex.ts'
import type { SimChain } from './chain.ts'
import type { SimBlock } from './transaction.ts'

/**
 * One node's view of the chain: which tip it has got to, and what it calls final. It moves only when told to, so
 * it may lag, hang on a branch that was left, or lose touch with finality.
 */
export class Replica {
  readonly chain: SimChain
  tip: SimBlock
  /** What it calls irreversible; null while it says that it knows nothing of the kind. */
  finalized: SimBlock | null = null

  constructor(chain: SimChain) {
    this.chain = chain
    this.tip = chain.tip
    this.finalized = chain.finalized
  }

  /** Catches up with the chain but for so many blocks. */
  follow(lag: number, finalityLag: number): void {
    const { chain } = this
    this.tip = chain.canonical[Math.max(0, chain.tip.height - lag)] ?? chain.tip
    this.callFinal(finalityLag)
  }

  /** On a branch that was left it never learns that anything of it is final, and stays with what it knew. */
  callFinal(lag: number): void {
    const height = (this.chain.finalized?.height ?? -1) - lag
    const block = this.chain.at(this.tip, Math.min(height, this.tip.height))
    if (block === null || this.chain.everFinal.has(block.hash)) this.finalized = block
  }

  at(height: number): SimBlock | null {
    return this.chain.at(this.tip, height)
  }

  /** Any block that is not newer than its tip, on whatever branch. */
  byHash(hash: Hex): SimBlock | null {
    const block = this.chain.blocks.get(hash)
    return block !== undefined && block.height <= this.tip.height ? block : null
  }
}
