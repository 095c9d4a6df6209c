import type { Band } from '../../domain/policy.ts'

/** `12 confirmations and finality, 2 providers` */
export function describeRule({ rule, providers }: Band): string {
  const parts = [
    ...(rule.confirmations === null ? [] : [`${rule.confirmations} confirmations`]),
    ...(rule.finality ? ['finality'] : []),
  ]
  return parts.join(' and ') + (providers > 1 ? `, ${providers} providers` : '')
}
