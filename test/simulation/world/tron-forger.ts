import type { Speaker } from './speech.ts'
import type { Sight } from './tron-node.ts'
import type { SimBlock, SimTransaction } from './transaction.ts'

/**
 * Forges payments: whole transactions that never were. A block either has one more whenever it is asked for, with
 * an info and a receipt to go with it, or never, so that nothing but another provider's word can tell.
 */
export class TronForger {
  readonly #speaker: Speaker
  readonly #seen = new Map<SimBlock, SimBlock>()

  constructor(speaker: Speaker) {
    this.#speaker = speaker
  }

  /** What an API shows, as the liar would have it. */
  doctored(sight: Sight): Sight {
    const rate = this.#speaker.profile.lies.forged_transfer ?? 0
    if (this.#speaker.isHonest || rate === 0) return sight
    return {
      ...sight,
      at: (height) => {
        const block = sight.at(height)
        return block === null ? null : this.#told(block, rate)
      },
    }
  }

  #told(block: SimBlock, rate: number): SimBlock {
    const before = this.#seen.get(block)
    if (before !== undefined) return before
    const model = block.transactions.find(({ logs }) => logs.length > 0)
    const isForged = model !== undefined && this.#speaker.deps.dice.chance(rate)
    const told = isForged ? this.#forge(block, model) : block
    this.#seen.set(block, told)
    return told
  }

  /** One more payment, to the recipient of an honest one. */
  #forge(block: SimBlock, { logs }: SimTransaction): SimBlock {
    const { forged, deps } = this.#speaker
    const { dice, coverage, transcript } = deps
    const hash = dice.hex(32)
    forged.push({ blockHash: block.hash, transaction: hash })
    coverage.count('F9 forged_transfer')
    transcript.tell(`a provider forges a payment into block ${block.height}`)
    const transaction = { hash, reverted: false, logs: logs.slice(0, 1) }
    return { ...block, transactions: [...block.transactions, transaction] }
  }
}
