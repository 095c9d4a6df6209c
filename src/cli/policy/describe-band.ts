import { formatAmount } from '../../domain/amount.ts'
import type { Rail } from '../../domain/chain.ts'
import type { Band } from '../../domain/policy.ts'

/** `12 confirmations and finality, 2 providers` */
export function describeRule({ rule, providers }: Band): string {
  const parts = [
    ...(rule.confirmations === null ? [] : [`${rule.confirmations} confirmations`]),
    ...(rule.finality ? ['finality'] : []),
  ]
  return parts.join(' and ') + (providers > 1 ? `, ${providers} providers` : '')
}

/** Which amounts, the lower bound exclusive: `up to 1000`, `above 1000`, `any amount`. */
export function describeAmounts(above: bigint, upTo: bigint | null, { decimals }: Rail): string {
  if (upTo !== null) return `up to ${formatAmount(upTo, decimals)}`
  return above === 0n ? 'any amount' : `above ${formatAmount(above, decimals)}`
}
