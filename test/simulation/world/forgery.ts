import type { Hex } from '../../../src/lib/hex.ts'
import type { ProviderDeps } from './providers.ts'
import type { SimBlock, SimLog, SimTransaction } from './transaction.ts'

/** A transfer that is not in the block in which it is shown. */
export interface Forgery {
  readonly blockHash: Hex
  readonly transaction: Hex
}

/** One more payment in a block: one that never was, or one that waits for a block and is shown in this one already. */
export function forgePayment(
  block: SimBlock,
  log: SimLog,
  { dice, chain, coverage, transcript }: ProviderDeps,
): SimTransaction {
  const transaction = { hash: dice.hex(32), reverted: false, logs: [log] }
  const isEarly = dice.chance(0.5)
  if (isEarly) {
    chain.submit(transaction)
    coverage.count('F5 a payment is shown early')
  }
  const what = isEarly ? 'shows a payment early, in' : 'forges a payment into'
  transcript.tell(`a provider ${what} block ${block.height}`)
  return transaction
}

export function isForgery(
  forgeries: readonly Forgery[],
  { blockHash, transaction }: Forgery,
): boolean {
  return forgeries.some(
    (forgery) => forgery.transaction === transaction && forgery.blockHash === blockHash,
  )
}
