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

export function ruleJson({ rule, providers }: Band) {
  return { confirmations: rule.confirmations, finality: rule.finality, providers }
}

/** `1000`, or null where a band has no upper end. */
export function boundText(upTo: bigint | null, rail: Rail): string | null {
  return upTo === null ? null : formatAmount(upTo, rail.decimals)
}
