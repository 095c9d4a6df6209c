import { isAlive } from '../../confirmation/deposit.ts'
import type { Codec, Rail } from '../../domain/chain.ts'
import type { Deposit } from '../../domain/deposit.ts'
import { SourceError } from '../../domain/source.ts'
import {
  isIncluded,
  type TransactionReport,
  type TransactionSource,
} from '../../domain/transaction.ts'
import type { DayDifference } from './difference.ts'

/** Whom to ask about a chain, or why nobody can be asked. */
export type Teller = { readonly source: TransactionSource } | { readonly absence: string }

interface Ground {
  readonly rail: Rail
  readonly codec: Codec
  readonly teller: Teller
}

/** Questions under way at a time; the source paces them to what its providers allow. */
const QUESTIONS_MAX = 8

export interface Verification {
  readonly asked: number
  readonly agreed: number
  readonly differences: readonly DayDifference[]
}

/** Asks anew about every deposit: whether its transfer is on the chain, in that block, or is not, as we say. */
export async function verifyDeposits(
  deposits: readonly Deposit[],
  of: (deposit: Deposit) => Ground,
): Promise<Verification> {
  const differences: DayDifference[] = []
  for (let start = 0; start < deposits.length; start += QUESTIONS_MAX) {
    const answers = deposits
      .slice(start, start + QUESTIONS_MAX)
      .map((deposit) => verify(deposit, of(deposit)))
    differences.push(...(await Promise.all(answers)).filter((one) => one !== null))
  }
  return { asked: deposits.length, agreed: deposits.length - differences.length, differences }
}

async function verify(deposit: Deposit, ground: Ground): Promise<DayDifference | null> {
  const { teller } = ground
  const subject = deposit.id
  if ('absence' in teller) return { check: 'unanswered', subject, detail: teller.absence }
  try {
    const { report, providers } = await teller.source.transaction(deposit.txHash)
    const detail = contradiction(deposit, report, ground)
    if (detail === null) return null
    return { check: 'provider', subject, detail: `${providers.join(', ')}: ${detail}` }
  } catch (error) {
    if (!(error instanceof SourceError)) throw error
    return { check: 'unanswered', subject, detail: error.message }
  }
}

function contradiction(
  deposit: Deposit,
  report: TransactionReport,
  { rail, codec }: Ground,
): string | null {
  const { state, blockHash, height, recipient, amount, ordinal } = deposit
  const shows =
    isIncluded(report) && report.status === 'succeeded'
      ? report.movements.filter(
          (one) => one.contract === rail.contract && one.to === recipient && one.amount === amount,
        )
      : []
  const isShown = shows.length > ordinal
  if (!isAlive(state)) {
    return isShown && isIncluded(report)
      ? `the transfer is on the chain, in block ${report.block.height}; we say ${state}`
      : null
  }
  if (!isIncluded(report))
    return `the transaction is ${report.status}; we say ${state} in ${height}`
  if (report.block.hash !== blockHash) {
    const shown = `${report.block.height} ${codec.formatHash(report.block.hash)}`
    return `the transaction is in block ${shown}; we say ${height} ${codec.formatHash(blockHash)}`
  }
  return isShown ? null : `the block is ours, and the transfer of ${amount} base units is not in it`
}
