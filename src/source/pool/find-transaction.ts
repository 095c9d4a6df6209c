import {
  isIncluded,
  type TransactionAnswer,
  type TransactionReport,
} from '../../domain/transaction.ts'
import type { Hex } from '../../lib/hex.ts'
import type { Provider } from './provider.ts'
import type { ProviderPool } from './provider-pool.ts'

/** How a family asks one provider. */
export type ReadTransaction<P extends Provider> = (
  provider: P,
  txHash: Hex,
) => Promise<TransactionReport>

/** That one provider does not have it may be that provider's lag: only when none has it, it is not there. */
export function findTransaction<P extends Provider>(
  pool: ProviderPool<P>,
  read: ReadTransaction<P>,
  txHash: Hex,
): Promise<TransactionAnswer> {
  return pool.ask(async (provider) => {
    let best: TransactionAnswer = {
      report: await read(provider, txHash),
      providers: [provider.name],
    }
    for (const other of pool.others(provider)) {
      if (isIncluded(best.report)) break
      const answer = await pool.try(other, () => read(other, txHash))
      if ('value' in answer) best = better(best, { report: answer.value, providers: [other.name] })
    }
    return best
  })
}

function better(a: TransactionAnswer, b: TransactionAnswer): TransactionAnswer {
  if (isIncluded(b.report)) return b
  if (a.report.status !== b.report.status) return a.report.status === 'pending' ? a : b
  return { report: a.report, providers: [...a.providers, ...b.providers] }
}
