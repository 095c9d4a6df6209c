import { bandFor } from '../confirmation/policy.ts'
import type { Band, Policy } from '../domain/policy.ts'

/** A stretch of amounts that each of two policies judges by one band. */
export interface Stretch {
  /** Exclusive; 0 for the first. */
  readonly above: bigint
  /** Inclusive; null for the last. */
  readonly upTo: bigint | null
  readonly inForce: Band
  readonly candidate: Band
  readonly isChanged: boolean
}

/** Band by band, although the bounds of two policies need not meet: every bound of either begins a new stretch. */
export function diffPolicies(inForce: Policy, candidate: Policy): Stretch[] {
  const bounds = new Set([...inForce.bands, ...candidate.bands].map(({ upTo }) => upTo))
  const ascending = [...bounds].filter((upTo) => upTo !== null).toSorted((a, b) => (a < b ? -1 : 1))
  let above = 0n
  return [...ascending, null].map((upTo) => {
    const amount = upTo ?? above + 1n
    const stretch = {
      above,
      upTo,
      inForce: bandFor(inForce, amount),
      candidate: bandFor(candidate, amount),
    }
    above = amount
    return { ...stretch, isChanged: !isSameRule(stretch.inForce, stretch.candidate) }
  })
}

export function isSameRule(
  a: Pick<Band, 'rule' | 'providers'>,
  b: Pick<Band, 'rule' | 'providers'>,
): boolean {
  return (
    a.rule.confirmations === b.rule.confirmations &&
    a.rule.finality === b.rule.finality &&
    a.providers === b.providers
  )
}
