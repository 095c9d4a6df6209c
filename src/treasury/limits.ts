import type { PolicyVersion } from '../confirmation/policy-store.ts'
import { formatAmount } from '../domain/amount.ts'
import type { Rail } from '../domain/chain.ts'
import type { Policy } from '../domain/policy.ts'
import type { ChainRecord } from './chain-record.ts'
import type { DepositHistory } from './history.ts'
import type { Basis } from './replay.ts'

export interface LimitsInput {
  readonly rail: Rail
  readonly candidate: Policy
  /** All there ever were, the newest first. */
  readonly versions: readonly PolicyVersion[]
  readonly from: Date
  readonly to: Date
  readonly histories: readonly DepositHistory[]
  readonly record: ChainRecord
  readonly basis: Readonly<Record<Basis, number>>
}

/** What these records cannot say about this candidate, a sentence each. Empty: every figure is what was recorded. */
export function limitsOf(input: LimitsInput): string[] {
  return [
    severalVersions(input),
    dust(input),
    pruned(input),
    estimated(input),
    assumed(input),
  ].filter((limit) => limit !== null)
}

/** How many of the deposits each version judged, by version. */
export function versionsOf(
  histories: readonly DepositHistory[],
): { readonly version: number; readonly deposits: number }[] {
  const groups = Map.groupBy(histories, ({ deposit }) => deposit.policy.version)
  return [...groups]
    .map(([version, { length }]) => ({ version, deposits: length }))
    .toSorted((a, b) => a.version - b.version)
}

function severalVersions({ histories }: LimitsInput): string | null {
  const versions = versionsOf(histories)
  if (versions.length < 2) return null
  const shares = versions.map(({ version, deposits }) => `version ${version} judged ${deposits}`)
  return `the policy changed: ${shares.join(', ')}; "in force" is what really happened under each`
}

/** What was dust when it came is nowhere written down: a lower minimum cannot bring it back. */
function dust({ versions, from, to, candidate, rail }: LimitsInput): string | null {
  const minimums = versions
    .filter(({ createdAt }, index) => {
      const until = versions[index - 1]?.createdAt ?? to
      return createdAt < to && until > from
    })
    .map(({ policy }) => policy.minimumAmount)
  const lower = minimums.filter((minimum) => minimum > candidate.minimumAmount)
  if (lower.length === 0) return null
  const highest = lower.reduce((a, b) => (a > b ? a : b))
  return (
    `transfers below ${formatAmount(highest, rail.decimals)} ${rail.symbol} were dust and left no record: ` +
    'what the candidate would make of them is in no figure'
  )
}

function pruned({ histories, record }: LimitsInput): string | null {
  const { completeFrom } = record
  const below = histories.filter(({ stays: [first] }) => first.place.height < completeFrom).length
  if (below === 0) return null
  const kept = completeFrom === Infinity ? 'no block is' : `blocks are only from ${completeFrom} on`
  return `${kept} held any more: for ${below} deposits a block that came and left unseen by any deposit is not known`
}

function estimated({ basis }: LimitsInput): string | null {
  if (basis.estimated === 0) return null
  return (
    `${basis.estimated} confirmations have an estimated time: between two moments that are known the chain is taken ` +
    'to have kept its pace, and finality is taken at the latest moment it can have come'
  )
}

function assumed({ basis }: LimitsInput): string | null {
  if (basis.providers_assumed === 0) return null
  return (
    `${basis.providers_assumed} confirmations ask for providers nobody asked at the time: they are taken to have agreed ` +
    'at once'
  )
}
