import { forgePayment } from './forgery.ts'
import type { Speaker } from './speech.ts'
import type { Sight } from './tron-node.ts'
import type { SimBlock, SimLog } from './transaction.ts'

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
    const log = block.transactions.find(({ logs }) => logs.length > 0)?.logs[0]
    const isForged = log !== undefined && this.#speaker.deps.dice.chance(rate)
    const told = isForged ? this.#forge(block, log) : block
    this.#seen.set(block, told)
    return told
  }

  /** One more payment, to the recipient of an honest one. */
  #forge(block: SimBlock, log: SimLog): SimBlock {
    const { forged, deps } = this.#speaker
    deps.coverage.count('F9 forged_transfer')
    const transaction = forgePayment(block, log, deps)
    forged.push({ blockHash: block.hash, transaction: transaction.hash })
    return { ...block, transactions: [...block.transactions, transaction] }
  }
}
