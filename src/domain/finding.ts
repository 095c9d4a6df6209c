import type { ChainId, RailId } from './chain.ts'

/** What can differ, and how bad it is. */
export const FINDING_KINDS = {
  /** A transfer that is proven or shown twice, and not recorded. */
  deposit_missing: 'critical',
  /** One provider alone shows a transfer that is not recorded. */
  transfer_disputed: 'critical',
  /** A provider shows a transfer that is proven not to be in its block. */
  provider_invents: 'warning',
  /** A deposit on record that no second provider shows. */
  deposit_extra: 'critical',
  /** A provider leaves out a transfer that is proven or shown twice. */
  provider_omits: 'warning',
  /** A deposit on record whose transaction moved something else, or is in another block. */
  deposit_differs: 'critical',
  /** A provider shows another final block than ours. */
  block_differs: 'critical',
  /** A provider's receipts are not those that its block commits to. */
  receipts_differ: 'critical',
  /** More differs in a block than is written down finding by finding. */
  findings_cut: 'critical',
  /** What an address holds by a provider's state is not what its logs explain. */
  balance_differs: 'critical',
  /** A provider that could not be heard in several rounds: its word is missing wherever two are asked for. */
  provider_unheard: 'warning',
  /** Blocks of our view that do not link. */
  view_broken: 'critical',
  /** A deposit that should have moved on. */
  state_overdue: 'critical',
  /** An event that the publisher has not numbered. */
  event_unpublished: 'critical',
  /** An event that an endpoint subscribes to and was not given. */
  delivery_missing: 'critical',
  /** The token hands over to another contract: what is logged there is not watched. */
  token_deprecated: 'critical',
  token_paused: 'critical',
  /** The token's fees were changed. */
  token_fees: 'warning',
  /** The issuer put a deposit address on the token's blacklist. */
  address_blacklisted: 'critical',
  /** A provider shows more announcements of tokens than are looked at. */
  notices_cut: 'critical',
  /** The issuer destroyed what a deposit address held. */
  funds_destroyed: 'critical',
} as const satisfies Record<string, Severity>

export type FindingKind = keyof typeof FINDING_KINDS
export type Severity = 'info' | 'warning' | 'critical'
export type FindingState = 'open' | 'acknowledged' | 'resolved'
export type FindingId = `fnd_${string}`

/** One difference between what the chain says and what we recorded, as it is first written down. */
export interface Difference {
  readonly id: FindingId
  readonly chainId: ChainId
  readonly kind: FindingKind
  /** Null where it concerns everybody on the chain. */
  readonly environment: string | null
  /** What it is about, for people: a transaction, a block, an event. */
  readonly subject: string
  readonly summary: string
  /** Who said what; JSON, without amounts as numbers. */
  readonly evidence: object
  readonly provider: string | null
  readonly rail: RailId | null
  readonly height: number | null
  readonly depositId: string | null
}

/** Who decided something about a finding, why, and when. */
export interface Decision {
  readonly at: Date
  readonly by: string
  readonly reason: string
}

export interface Finding extends Difference {
  readonly severity: Severity
  readonly state: FindingState
  readonly openedAt: Date
  /** When it was last looked at: it was so, or nothing could be told. */
  readonly seenAt: Date
  readonly acknowledged: Decision | null
  /** A person vouches for a transfer that no second provider shows. */
  readonly healAsked: Decision | null
  readonly resolved: Decision | null
}
