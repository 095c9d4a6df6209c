import type { ChainConfig } from '../config/config.ts'
import type { Codec, RailId } from '../domain/chain.ts'
import type { Clock } from '../lib/clock.ts'
import type { Db } from '../store/database.ts'
import type { Oracle } from './ask.ts'
import type { Ground } from './facts.ts'

/** A chain, and whom to ask about it. */
export interface ExplainedChain extends Ground {
  readonly oracle: Oracle
}

/** What explanations are made with. */
export interface Desk {
  readonly db: Db
  readonly clock: Clock
  readonly chains: readonly ExplainedChain[]
  /** Is given every question to a provider that goes on after nobody waits for it any more. */
  readonly leave?: (behind: Promise<unknown>) => void
}

export interface Question {
  /** A transaction hash, an address or a deposit id. */
  readonly subject: string
  readonly rail?: RailId | undefined
  /** Nothing of another environment is looked at; null is an operator's question about all of them. */
  readonly environment: string | null
}

/** A chain as it is configured in this process. */
export function explainedChain(
  { chain, rails, providers }: Pick<ChainConfig, 'chain' | 'rails' | 'providers'>,
  codec: Codec,
  oracle: Oracle,
): ExplainedChain {
  return {
    chain,
    codec,
    rails: rails.map(({ rail }) => rail),
    providers: providers.length === 0 ? null : providers.length,
    oracle,
  }
}
