import type { Block, BlockHeader, BlockRange, BlockRef } from '../../src/domain/block.ts'
import type { Address } from '../../src/domain/chain.ts'
import type { ChainSource } from '../../src/domain/source.ts'
import type { NumberedTransfer } from '../../src/domain/transfer.ts'
import { RAIL } from './flow-world.ts'
import { hashOf, type Payment, type ScriptedChain } from './scripted-chain.ts'

/** One of several nodes answers, and another one may be asked for finality: which, is the test's choice. */
export class SwitchedSource implements ChainSource {
  node: ScriptedChain
  /** Answers `finalizedHead` where `node` cannot. */
  finalityNode: ScriptedChain | null = null

  constructor(node: ScriptedChain) {
    this.node = node
  }

  head(): Promise<BlockHeader> {
    return this.node.head()
  }

  finalizedHead(): Promise<BlockHeader | null> {
    return (this.finalityNode ?? this.node).finalizedHead()
  }

  header(height: number): Promise<BlockHeader | null> {
    return this.node.header(height)
  }

  block(height: number): Promise<Block | null> {
    return this.node.block(height)
  }

  range(from: number, to: number): Promise<BlockRange> {
    return this.node.range(from, to)
  }

  isFinal(block: BlockRef): Promise<boolean> {
    return (this.finalityNode ?? this.node).isFinal(block)
  }

  isUpheld(block: BlockRef): Promise<boolean> {
    return this.isFinal(block)
  }

  witnesses(block: BlockRef, numbered: NumberedTransfer): Promise<number> {
    return this.node.witnesses(block, numbered)
  }

  onHint(): void {}

  async close(): Promise<void> {}
}

/** A payment of whole units on the scripted chain: the same recipient and amount are the same transaction. */
export function payment(to: Address, units: bigint): Payment {
  const txHash = hashOf(`${units} to ${to}`)
  const from: Address = `0x${'99'.repeat(20)}`
  return { rail: RAIL.id, txHash, from, to, amount: units * 1_000_000n }
}
