import { answerOf, type Answer, type ChainSource } from '../domain/source.ts'
import type { TransactionSource } from '../domain/transaction.ts'
import type { Clock } from '../lib/clock.ts'
import type { Hex } from '../lib/hex.ts'
import type { Live } from './facts.ts'

/** What an explanation asks a chain's providers. */
export type LiveSource = TransactionSource & Pick<ChainSource, 'head' | 'finalizedHead'>

/** Whom to ask, or why nobody can be asked. */
export type Oracle = { readonly source: LiveSource } | { readonly absence: string }

/** A person waits for it: what is on record is told even when a provider hangs. */
const ANSWER_MS_MAX = 10_000

interface Patience {
  readonly clock: Clock
  readonly leave?: (behind: Promise<unknown>) => void
}

export async function askLive(oracle: Oracle, txHash: Hex, patience: Patience): Promise<Live> {
  if ('absence' in oracle) {
    const failure = { failure: oracle.absence }
    return { transaction: failure, head: failure, finalized: failure }
  }
  const { source } = oracle
  const [transaction, head, finalized] = await Promise.all([
    ask(() => source.transaction(txHash), patience),
    ask(() => source.head(), patience),
    ask(() => source.finalizedHead(), patience),
  ])
  return { transaction, head, finalized }
}

async function ask<T>(work: () => Promise<T>, { clock, leave }: Patience): Promise<Answer<T>> {
  const answered = new AbortController()
  const late = clock.sleep(ANSWER_MS_MAX, answered.signal).then((): Answer<T> => ({
    failure: `no answer within ${ANSWER_MS_MAX / 1_000} s`,
  }))
  const asked = answerOf(work)
  leave?.(asked)
  try {
    return await Promise.race([asked, late])
  } finally {
    answered.abort()
  }
}
