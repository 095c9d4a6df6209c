import type { RailId } from '../domain/chain.ts'
import type { DepositId, DepositState } from '../domain/deposit.ts'
import type { Transition } from '../domain/event.ts'
import type { ResolvedPolicy } from '../domain/policy.ts'

/** How long a deposit took: from the time of the block it stands in to the commit that said so. */
export interface Wait {
  readonly rail: RailId
  /** The rule of its band, in few words. */
  readonly band: string
  readonly until: 'confirmed' | 'final'
  readonly seconds: number
}

/**
 * The waits that ended with these transitions. What was final already when it was found, by a backfill or a
 * rescan, had waited for us and not for its policy: it would drown the times of those that did.
 */
export function waitsOf(transitions: readonly Transition[], now: Date): Wait[] {
  const found = idsThatBecame('detected', transitions)
  const final = idsThatBecame('final', transitions)
  return transitions.flatMap(({ deposit: { id, state, rail, policy, blockTime } }) => {
    if (state !== 'confirmed' && state !== 'final') return []
    if (found.has(id) && final.has(id)) return []
    const seconds = Math.max(0, (now.getTime() - blockTime.getTime()) / 1_000)
    return [{ rail, band: bandLabel(policy), until: state, seconds }]
  })
}

/** `12 conf`, `finality`, `6 conf, finality, 2 providers` */
export function bandLabel({ rule, providers }: ResolvedPolicy): string {
  return [
    ...(rule.confirmations === null ? [] : [`${rule.confirmations} conf`]),
    ...(rule.finality ? ['finality'] : []),
    ...(providers > 1 ? [`${providers} providers`] : []),
  ].join(', ')
}

function idsThatBecame(
  state: DepositState,
  transitions: readonly Transition[],
): ReadonlySet<DepositId> {
  const reached = transitions.filter(({ deposit }) => deposit.state === state)
  return new Set(reached.map(({ deposit }) => deposit.id))
}
