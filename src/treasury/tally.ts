import { formatAmount } from '../domain/amount.ts'
import type { Rail } from '../domain/chain.ts'

/** How many deposits, and how much they are in base units. */
export interface Tally {
  readonly count: number
  readonly sum: bigint
}

export const NOTHING: Tally = { count: 0, sum: 0n }

export function tally(amounts: readonly { readonly amount: bigint }[]): Tally {
  return { count: amounts.length, sum: amounts.reduce((sum, { amount }) => sum + amount, 0n) }
}

/** Amounts as the API says them: base units, and in the asset's own notation. */
export function tallyJson({ count, sum }: Tally, { decimals }: Rail) {
  return { count, amount: `${sum}`, amount_decimal: formatAmount(sum, decimals) }
}
