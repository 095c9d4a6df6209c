import type { Band, Policy, ResolvedPolicy } from '../domain/policy.ts'
import { required } from '../lib/assert.ts'

/** Below the minimum a transfer is dust, not a deposit. */
export function isDust(policy: Policy, amount: bigint): boolean {
  return amount < policy.minimumAmount
}

/** The band an amount falls into. The last one is open-ended: one always fits. */
export function bandFor({ bands }: Policy, amount: bigint): Band {
  const fitting = bands.find((band) => band.upTo === null || amount <= band.upTo)
  return required(fitting, `the policy has no band for ${amount}`)
}

/** The part of a policy that judges a deposit of this amount. */
export function resolvePolicy(
  { version, policy }: { readonly version: number; readonly policy: Policy },
  amount: bigint,
): ResolvedPolicy {
  const { rule, providers } = bandFor(policy, amount)
  return { version, rule, providers }
}

/** How many providers the band asks for that asks for most. */
export function providersAsked({ bands }: Policy): number {
  return Math.max(...bands.map(({ providers }) => providers))
}

/** Confirmations of a block: 1 the moment it is the tip. */
export function confirmationsAt(height: number, tipHeight: number): number {
  return tipHeight - height + 1
}

/** The tip height from which the confirmations part of a rule holds; null when it has none. */
export function dueHeight(policy: ResolvedPolicy, height: number): number | null {
  const { confirmations } = policy.rule
  return confirmations === null ? null : height + confirmations - 1
}

/** What is known when a deposit is judged. */
export interface Evidence {
  readonly tipHeight: number
  /** The newest irreversible height, verified; null while the chain has none. */
  readonly finalizedHeight: number | null
}

export interface Judged {
  readonly height: number
  readonly policy: ResolvedPolicy
  readonly witnesses: number
}

/** Whether a deposit may be called confirmed: every part of its rule holds, and enough providers show it. */
export function isConfirmed(deposit: Judged, evidence: Evidence): boolean {
  const { rule, providers } = deposit.policy
  const deepEnough =
    rule.confirmations === null ||
    confirmationsAt(deposit.height, evidence.tipHeight) >= rule.confirmations
  const finalEnough = !rule.finality || isFinal(deposit, evidence)
  return deepEnough && finalEnough && deposit.witnesses >= providers
}

/** Whether the chain itself says that the deposit's block cannot be undone. */
export function isFinal(deposit: { readonly height: number }, evidence: Evidence): boolean {
  return evidence.finalizedHeight !== null && deposit.height <= evidence.finalizedHeight
}
