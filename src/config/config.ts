import type { Chain, Rail } from '../domain/chain.ts'
import type { Policy } from '../domain/policy.ts'

/** Everything the daemon was told, validated and frozen. Nothing else reads the process environment. */
export interface Config {
  readonly databaseUrl: string
  readonly poolSize: number
  readonly host: string
  readonly port: number
  readonly logLevel: string
  /** Networks (CIDR) webhooks may reach although they are not public; empty in production. */
  readonly webhookAllow: readonly string[]
  /** One finalized block in so many is proven against what its header commits to; absent or 0: none. */
  readonly proofEvery?: number
  /** Addresses whose balance a provider is asked for in a round of the auditor; absent or 0: none. */
  readonly balanceSample?: number
  readonly chains: readonly ChainConfig[]
}

/** A chain this daemon watches: reviewed facts, and where to ask. */
export interface ChainConfig {
  readonly chain: Chain
  readonly rails: readonly RailConfig[]
  readonly providers: readonly ProviderConfig[]
  /** Optional: its `newHeads` only wakes the poll. */
  readonly websocketUrl: string | null
  /** Where a daemon with an empty database starts: a height, or the chain's finalized block. */
  readonly start: number | 'finalized'
  readonly pollMs: number
  /** Whether finalized blocks are read a second time; absent: they are. A hosted API's budget may not reach for it. */
  readonly isAudited?: boolean
}

export interface RailConfig {
  readonly rail: Rail
  readonly defaultPolicy: Policy
}

export interface ProviderConfig {
  /** Short and stable, for metric labels and logs: the host, never the path, which may hold a key. */
  readonly name: string
  readonly url: string
  /** Where final blocks are asked for; absent: at `url`. */
  readonly solidityUrl?: string
  /** Where the family's second, optional protocol is spoken. */
  readonly jsonrpcUrl?: string
  /** A secret: it stands in a header and nowhere else. */
  readonly apiKey?: string
}
