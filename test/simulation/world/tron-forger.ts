import { forgePayment } from './forgery.ts'
import type { Speaker } from './speech.ts'
import type { Sight } from './tron-node.ts'
import type { SimBlock, SimLog, SimTransaction } from './transaction.ts'

/**
 * Forges payments: whole transactions that never were, or such as never logged anything. A block is forged whenever
 * it is asked for, with infos and receipts to go with it, or never, so that nothing but another provider's word can
 * tell.
 */
export class TronForger {
  readonly #speaker: Speaker
  readonly #seen = new Map<SimBlock, SimBlock>()

  constructor(speaker: Speaker) {
    this.#speaker = speaker
  }

  /** What an API shows, as the liar would have it. */
  doctored(sight: Sight): Sight {
    const { forged_transfer: adding = 0, thinned_logs: leavingOut = 0 } = this.#speaker.profile.lies
    if (this.#speaker.isHonest || adding + leavingOut === 0) return sight
    return {
      ...sight,
      at: (height) => {
        const block = sight.at(height)
        return block === null ? null : this.#told(block, adding, leavingOut)
      },
    }
  }

  #told(block: SimBlock, adding: number, leavingOut: number): SimBlock {
    const before = this.#seen.get(block)
    if (before !== undefined) return before
    const told = this.#retold(block, adding, leavingOut)
    this.#seen.set(block, told)
    return told
  }

  #retold(block: SimBlock, adding: number, leavingOut: number): SimBlock {
    const { dice } = this.#speaker.deps
    const model = block.transactions.find(({ logs }) => logs.length > 0)
    const log = model?.logs[0]
    if (model === undefined || log === undefined) return block
    if (dice.chance(adding)) return this.#forge(block, log)
    return dice.chance(leavingOut) ? this.#thin(block, model) : block
  }

  /** The same block, in which one transaction has succeeded and moved nothing. */
  #thin(block: SimBlock, silent: SimTransaction): SimBlock {
    const { coverage, transcript } = this.#speaker.deps
    coverage.count('F9 thinned_logs')
    transcript.tell(`a provider leaves the logs of ${silent.hash} out of block ${block.height}`)
    const transactions = block.transactions.map((one) =>
      one === silent ? { ...one, logs: [] } : one,
    )
    return { ...block, transactions }
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
