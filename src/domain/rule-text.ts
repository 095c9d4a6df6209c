import type { Band } from './policy.ts'

/** `12 confirmations and finality, 2 providers` */
export function ruleText({ rule, providers }: Pick<Band, 'rule' | 'providers'>): string {
  const { confirmations, finality } = rule
  const blocks = confirmations === 1 ? '1 confirmation' : `${confirmations} confirmations`
  const parts = [...(confirmations === null ? [] : [blocks]), ...(finality ? ['finality'] : [])]
  return parts.join(' and ') + (providers > 1 ? `, ${providers} providers` : '')
}
