import type { Chain } from '../domain/chain.ts'
import type { Difference, FindingId } from '../domain/finding.ts'
import { findingId } from '../domain/id.ts'

/** Rounds in a row after which somebody should look: one that restarts, or asks for patience, is back by then. */
const ROUNDS = 3

export interface Noticed {
  readonly differences: readonly Difference[]
  readonly unresolved: readonly FindingId[]
}

/** Who could not be heard, and for how many rounds. */
export class Unheard {
  readonly #chain: Chain
  readonly #rounds = new Map<string, number>()

  constructor(chain: Chain) {
    this.#chain = chain
  }

  /**
   * A round ended. `failed`: who could not be heard in it, and why. What was found before stays found while its
   * provider is silent, also after this daemon has begun to count anew.
   */
  note(failed: ReadonlyMap<string, string>): Noticed {
    for (const provider of this.#rounds.keys()) {
      if (!failed.has(provider)) this.#rounds.delete(provider)
    }
    for (const provider of failed.keys()) {
      this.#rounds.set(provider, (this.#rounds.get(provider) ?? 0) + 1)
    }
    const differences = [...failed]
      .filter(([provider]) => (this.#rounds.get(provider) ?? 0) >= ROUNDS)
      .map(([provider, why]) => this.#difference(provider, why))
    return { differences, unresolved: [...failed.keys()].map((name) => this.#idOf(name)) }
  }

  #idOf(provider: string): FindingId {
    const subject = [provider]
    return findingId({ kind: 'provider_unheard', chainId: this.#chain.id, subject })
  }

  #difference(provider: string, why: string): Difference {
    return {
      id: this.#idOf(provider),
      chainId: this.#chain.id,
      kind: 'provider_unheard',
      environment: null,
      subject: provider,
      summary: `${provider} could not be heard in ${ROUNDS} rounds in a row: no round is complete without it`,
      evidence: { provider, why },
      provider,
      rail: null,
      height: null,
      depositId: null,
    }
  }
}
