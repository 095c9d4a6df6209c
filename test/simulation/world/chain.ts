import { assert, required } from '../../../src/lib/assert.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import type { Dice } from './dice.ts'
import type { SimBlock, SimTransaction } from './transaction.ts'

/** What becomes of a transaction whose block a reorg removes. */
export type Fate = 'again' | 'later' | 'dropped' | 'replaced' | 'other_facts'

export interface ReorgPlan {
  readonly depth: number
  /** How much longer the new branch is than the one it replaces; may be negative. */
  readonly longer: number
  readonly fateOf: (transaction: SimTransaction) => Fate
  /** Another transaction in the place of a replaced one, or the same one with other facts. */
  readonly rewrite: (
    transaction: SimTransaction,
    fate: 'replaced' | 'other_facts',
  ) => SimTransaction
}

/** What a family's protocol says of every block. */
export interface BlockRules {
  /** A block's id, made of chance. */
  readonly idOf: (height: number, chance: Hex) => Hex
  /** A slot has one producer, who makes one block: no two blocks of one height are of one time. */
  readonly hasSlots: boolean
}

export const PLAIN_RULES: BlockRules = { idOf: (_height, chance) => chance, hasSlots: false }
const VOID: Hex = `0x${'00'.repeat(32)}`

/**
 * The chain as it really is: a tree of blocks with one canonical branch, and what the protocol has made
 * irreversible of it. It knows no provider and no daemon. Family-independent: the wire formats are elsewhere.
 */
export class SimChain {
  readonly blocks = new Map<Hex, SimBlock>()
  /** The canonical branch by height. */
  readonly canonical: SimBlock[] = []
  /** Hashes that were irreversible at some time. */
  readonly everFinal = new Set<Hex>()
  readonly #dice: Dice
  readonly #rules: BlockRules
  readonly #slots = new Set<string>()
  readonly #includedIn = new Map<Hex, Hex[]>()
  #finalized: SimBlock | null = null
  #pending: SimTransaction[] = []
  reorgs = 0
  deepest = 0
  moved = 0

  constructor(dice: Dice, timeMs: number, rules = PLAIN_RULES) {
    this.#dice = dice
    this.#rules = rules
    this.#adopt(this.#build(null, [], timeMs))
  }

  get tip(): SimBlock {
    return required(this.canonical.at(-1), 'the chain has a genesis block')
  }

  get finalized(): SimBlock | null {
    return this.#finalized
  }

  get pending(): readonly SimTransaction[] {
    return this.#pending
  }

  /** From now on it waits for a block, unless it does already or is in one. */
  submit(transaction: SimTransaction): boolean {
    const isKnown = this.#pending.some(({ hash }) => hash === transaction.hash)
    if (isKnown || this.#isIncluded(transaction.hash, this.tip)) return false
    this.#pending.push(transaction)
    return true
  }

  /** A block on the canonical tip, with what waits for one besides. */
  mine(transactions: readonly SimTransaction[], timeMs: number): SimBlock {
    const waiting = this.#pending.filter(({ hash }) => !this.#isIncluded(hash, this.tip))
    this.#pending = []
    const block = this.#build(this.tip, this.#dice.shuffled([...waiting, ...transactions]), timeMs)
    this.#adopt(block)
    return block
  }

  /** The block at a height on the branch that ends with `tip`; null above the tip. */
  at(tip: SimBlock, height: number): SimBlock | null {
    if (height > tip.height || height < 0) return null
    let block = tip
    while (block.height > height) {
      if (this.canonical[block.height] === block) return this.canonical[height] ?? null
      block = required(this.blocks.get(block.parentHash), 'a block has its parent')
    }
    return block
  }

  isAncestor(ancestor: SimBlock, tip: SimBlock): boolean {
    return this.at(tip, ancestor.height) === ancestor
  }

  isCanonical(hash: Hex): boolean {
    const block = this.blocks.get(hash)
    return block !== undefined && this.canonical[block.height] === block
  }

  /** Replaces the newest blocks by another branch; returns the tip that was. */
  reorg(plan: ReorgPlan, timeMs: number): SimBlock {
    const old = this.tip
    const ancestor = required(this.canonical[old.height - plan.depth], 'no deeper than the chain')
    const gone = this.canonical.slice(ancestor.height + 1).flatMap((block) => block.transactions)
    const length = Math.max(1, plan.depth + plan.longer)
    const slots: SimTransaction[][] = Array.from({ length }, () => [])
    for (const transaction of gone) this.#settleFate(transaction, plan, slots)
    let parent = ancestor
    for (const slot of slots) {
      const fresh = slot.filter(({ hash }) => !this.#isIncluded(hash, parent))
      parent = this.#build(parent, this.#dice.shuffled(fresh), timeMs)
    }
    this.#countMoved(gone, parent)
    this.switchTo(parent)
    return old
  }

  /** Back to a branch that was left, grown by enough empty blocks to be the longer one. */
  returnTo(old: SimBlock, timeMs: number): void {
    const lost = this.canonical.slice(this.#forkPoint(old).height + 1)
    let tip = old
    while (tip.height <= this.tip.height) tip = this.#build(tip, [], timeMs)
    const again = lost.flatMap((block) => block.transactions)
    this.switchTo(tip)
    this.#pending.push(...again.filter(({ hash }) => !this.#isIncluded(hash, tip)))
  }

  switchTo(tip: SimBlock): void {
    const fork = this.#forkPoint(tip)
    this.reorgs += 1
    this.deepest = Math.max(this.deepest, this.tip.height - fork.height)
    this.canonical.length = fork.height + 1
    const added: SimBlock[] = []
    for (let block = tip; block.height > fork.height;) {
      added.push(block)
      block = required(this.blocks.get(block.parentHash), 'a block has its parent')
    }
    this.canonical.push(...added.toReversed())
  }

  /** The protocol makes everything up to a height irreversible. It never takes that back. */
  finalizeUpTo(height: number): void {
    const block = this.canonical[Math.min(height, this.tip.height)]
    if (block === undefined || block.height <= (this.#finalized?.height ?? -1)) return
    const from = (this.#finalized?.height ?? -1) + 1
    for (const one of this.canonical.slice(from, block.height + 1)) this.everFinal.add(one.hash)
    this.#finalized = block
  }

  /** The chain broke its word: finality goes back to a block of the new branch. For scenarios that must halt. */
  breakFinality(): void {
    const height = this.#finalized?.height ?? 0
    this.#finalized = this.canonical[Math.min(height, this.tip.height)] ?? null
    for (const block of this.canonical.slice(0, height + 1)) this.everFinal.add(block.hash)
  }

  #settleFate(transaction: SimTransaction, plan: ReorgPlan, slots: SimTransaction[][]): void {
    const fate = plan.fateOf(transaction)
    const slot = this.#dice.pick(slots)
    if (fate === 'again') slot.push(transaction)
    if (fate === 'later') this.#pending.push(transaction)
    if (fate === 'replaced' || fate === 'other_facts') slot.push(plan.rewrite(transaction, fate))
  }

  #countMoved(gone: readonly SimTransaction[], tip: SimBlock): void {
    this.moved += gone.filter(({ hash }) => this.#isIncluded(hash, tip)).length
  }

  #forkPoint(tip: SimBlock): SimBlock {
    let block = tip
    while (this.canonical[block.height] !== block) {
      block = required(this.blocks.get(block.parentHash), 'branches share the genesis block')
    }
    return block
  }

  #isIncluded(transaction: Hex, tip: SimBlock): boolean {
    return (this.#includedIn.get(transaction) ?? []).some((hash) => {
      const block = required(this.blocks.get(hash), 'a block that includes is a block')
      return this.isAncestor(block, tip)
    })
  }

  #build(
    parent: SimBlock | null,
    transactions: readonly SimTransaction[],
    timeMs: number,
  ): SimBlock {
    const height = (parent?.height ?? -1) + 1
    const earliestMs = (parent?.timeMs ?? -1_000) + 1_000
    const block: SimBlock = {
      height,
      hash: this.#rules.idOf(height, this.#dice.hex(32)),
      parentHash: parent?.hash ?? VOID,
      timeMs: this.#slot(height, Math.max(Math.floor(timeMs / 1_000) * 1_000, earliestMs)),
      transactions,
    }
    this.blocks.set(block.hash, block)
    for (const { hash } of transactions) {
      this.#includedIn.set(hash, [...(this.#includedIn.get(hash) ?? []), block.hash])
    }
    return block
  }

  #slot(height: number, earliestMs: number): number {
    let timeMs = earliestMs
    while (this.#rules.hasSlots && this.#slots.has(`${height} ${timeMs}`)) timeMs += 1_000
    this.#slots.add(`${height} ${timeMs}`)
    return timeMs
  }

  #adopt(block: SimBlock): void {
    assert(block.height === this.canonical.length, 'a block is put on top')
    this.canonical.push(block)
  }
}
