import { formatAmount } from '../domain/amount.ts'
import type { Rail } from '../domain/chain.ts'
import type { Band } from '../domain/policy.ts'
import type { BandComparison, Figures } from './simulation.ts'
import { tallyJson } from './tally.ts'
import type { Trial } from './trial.ts'

/** A trial as programs read it, from the API and from the command line alike. Amounts are exact decimals. */
export function trialJson({ window, simulation }: Trial) {
  const { rail, environment, version, versions, from, to, readAt, limits } = window
  const { bands, total, belowMinimum, basis, unexplained } = simulation
  return {
    environment,
    rail: rail.id,
    decimals: rail.decimals,
    policy_version: version,
    judged_by: [...versions],
    from: from.toISOString(),
    to: to.toISOString(),
    read_at: readAt.toISOString(),
    bands: bands.map((comparison) => comparisonJson(comparison, rail)),
    total: comparisonJson(total, rail),
    below_minimum: tallyJson(belowMinimum, rail),
    basis,
    limits: [...limits],
    unexplained: [...unexplained],
  }
}

export function ruleJson({ rule, providers }: Band) {
  return { confirmations: rule.confirmations, finality: rule.finality, providers }
}

/** `1000`, or null where a band has no upper end. */
export function boundText(upTo: bigint | null, rail: Rail): string | null {
  return upTo === null ? null : formatAmount(upTo, rail.decimals)
}

/** Milliseconds are three more decimal places. */
export function amountSeconds(amountMs: bigint, { decimals }: Rail): string {
  return formatAmount(amountMs, decimals + 3)
}

function comparisonJson({ band, deposits, inForce, candidate }: BandComparison, rail: Rail) {
  return {
    ...(band !== null && { up_to: boundText(band.upTo, rail), rule: ruleJson(band) }),
    deposits: tallyJson(deposits, rail),
    in_force: figuresJson(inForce, rail),
    candidate: figuresJson(candidate, rail),
  }
}

function figuresJson(figures: Figures, rail: Rail) {
  const { confirmed, waitMs, amountMs, reversed, waiting, orphaned } = figures
  return {
    confirmed,
    wait_ms: waitMs,
    amount_seconds: amountSeconds(amountMs, rail),
    reversed: tallyJson(reversed, rail),
    waiting: tallyJson(waiting, rail),
    orphaned: tallyJson(orphaned, rail),
  }
}
