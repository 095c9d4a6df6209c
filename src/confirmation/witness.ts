import type { Chain } from '../domain/chain.ts'
import type { Deposit } from '../domain/deposit.ts'
import type { ChainSource } from '../domain/source.ts'
import type { SettleStep } from '../domain/step.ts'
import { transferOf } from '../domain/transfer.ts'
import { required } from '../lib/assert.ts'
import type { Actor, Outcome } from '../lib/loop.ts'
import type { Db, Tx } from '../store/database.ts'
import { assertFence, type Lease } from '../store/lease.ts'
import { recordWitnesses, unwitnessedDeposits } from './deposit-store.ts'
import type { Evidence } from './policy.ts'

/** Deposits asked about in one tick. */
const BATCH = 32

export interface WitnessOptions {
  readonly chain: Chain
  readonly source: ChainSource
  readonly db: Db
  readonly lease: () => Lease | null
  /** Where our view stands; null before the first block and while the chain is halted. */
  readonly evidence: (db: Db) => Promise<Evidence | null>
  /** The same, and it stays so until the commit: locks the chain's cursor first, as every step does. */
  readonly lockEvidence: (tx: Tx) => Promise<Evidence | null>
  readonly apply: (tx: Tx, step: SettleStep) => Promise<{ readonly announce: () => void }>
}

/**
 * Where a policy asks for more than one provider's word, asks the others whether they show the same transfer in
 * the same block. It asks when everything else of the rule holds, and the answer counts for that moment: what a
 * provider showed a hundred blocks ago does not confirm anything. What one provider alone claims stays `detected`.
 */
export class Witness implements Actor {
  readonly name: string
  readonly #options: WitnessOptions
  /** Where the round through the waiting deposits stands. */
  #afterId = ''

  constructor(options: WitnessOptions) {
    this.name = `witness:${options.chain.slug}`
    this.#options = options
  }

  async tick(): Promise<Outcome> {
    const { db, chain } = this.#options
    const lease = this.#options.lease()
    if (lease === null) return { pace: 'idle', name: 'standby' }
    const evidence = await this.#options.evidence(db)
    if (evidence === null) return { pace: 'idle', name: 'waiting_for_chain' }
    const page = { afterId: this.#afterId, limit: BATCH }
    const waiting = await unwitnessedDeposits(db, chain.id, evidence, page)
    // A round ends with a short page: whoever still lacks a witness needs time, not haste.
    const isLast = waiting.length < BATCH
    this.#afterId = isLast ? '' : required(waiting.at(-1), 'a full page has a last row').id
    if (waiting.length === 0) return { pace: 'idle', name: 'nothing_new' }
    await this.#ask(lease, waiting)
    return { pace: isLast ? 'idle' : 'busy', name: 'asked' }
  }

  async #ask(lease: Lease, waiting: readonly Deposit[]): Promise<void> {
    const { db, chain, source, lockEvidence, apply } = this.#options
    const counts = await Promise.all(
      waiting.map((deposit) =>
        source.witnesses({ height: deposit.height, hash: deposit.blockHash }, transferOf(deposit)),
      ),
    )
    const applied = await db.transaction().execute(async (tx) => {
      await assertFence(tx, lease)
      const evidence = await lockEvidence(tx)
      if (evidence === null) return null
      for (const [index, deposit] of waiting.entries()) {
        await recordWitnesses(tx, { deposit, witnesses: counts[index] ?? 0 }, evidence)
      }
      const asked = waiting.map(({ id }) => id)
      return apply(tx, { kind: 'settle', chainId: chain.id, finalized: null, asked })
    })
    applied?.announce()
  }
}
