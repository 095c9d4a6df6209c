import type { Chain } from '../domain/chain.ts'
import type { Deposit } from '../domain/deposit.ts'
import type { ChainSource } from '../domain/source.ts'
import type { SettleStep } from '../domain/step.ts'
import type { Transfer } from '../domain/transfer.ts'
import type { Actor, Outcome } from '../lib/loop.ts'
import type { Db, Tx } from '../store/database.ts'
import { assertFence, type Lease } from '../store/lease.ts'
import { recordWitnesses, unwitnessedDeposits } from './deposit-store.ts'

/** Deposits asked about in one tick. */
const BATCH = 16

export interface WitnessOptions {
  readonly chain: Chain
  readonly source: ChainSource
  readonly db: Db
  readonly lease: () => Lease | null
  readonly apply: (tx: Tx, step: SettleStep) => Promise<{ readonly announce: () => void }>
}

/**
 * Where a policy asks for more than one provider's word, asks the others whether they show the same transfer in
 * the same block, and records how many do. What one provider alone claims stays `detected`.
 */
export class Witness implements Actor {
  readonly name: string
  readonly #options: WitnessOptions

  constructor(options: WitnessOptions) {
    this.name = `witness:${options.chain.slug}`
    this.#options = options
  }

  async tick(): Promise<Outcome> {
    const { db, chain, source, apply } = this.#options
    const lease = this.#options.lease()
    if (lease === null) return { pace: 'idle', name: 'standby' }
    const waiting = await unwitnessedDeposits(db, chain.id, BATCH)
    if (waiting.length === 0) return { pace: 'idle', name: 'nothing_new' }
    const counts = await Promise.all(
      waiting.map((deposit) =>
        source.witnesses({ height: deposit.height, hash: deposit.blockHash }, transferOf(deposit)),
      ),
    )
    const applied = await db.transaction().execute(async (tx) => {
      await assertFence(tx, lease)
      for (const [index, deposit] of waiting.entries()) {
        await recordWitnesses(tx, deposit, counts[index] ?? 0)
      }
      return apply(tx, { kind: 'settle', chainId: chain.id, finalized: null })
    })
    applied.announce()
    // Whoever still lacks a witness waits for the next look: a provider that lags needs time, not haste.
    return { pace: 'idle', name: 'asked' }
  }
}

function transferOf(deposit: Deposit): Transfer {
  return {
    rail: deposit.rail,
    height: deposit.height,
    blockHash: deposit.blockHash,
    blockTimeMs: deposit.blockTime.getTime(),
    txHash: deposit.txHash,
    logIndex: deposit.logIndex,
    from: deposit.sender,
    to: deposit.recipient,
    amount: deposit.amount,
  }
}
