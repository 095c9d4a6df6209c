import { formatAmount } from '../../domain/amount.ts'
import type { Rail } from '../../domain/chain.ts'

/** Which amounts, the lower bound exclusive: `up to 1000`, `above 1000`, `any amount`. */
export function describeAmounts(above: bigint, upTo: bigint | null, { decimals }: Rail): string {
  if (upTo !== null) return `up to ${formatAmount(upTo, decimals)}`
  return above === 0n ? 'any amount' : `above ${formatAmount(above, decimals)}`
}
