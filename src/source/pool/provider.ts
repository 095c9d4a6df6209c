import type { ChainConfig, ProviderConfig } from '../../config/config.ts'
import type { BlockHeader } from '../../domain/block.ts'
import type { Chain, ChainId } from '../../domain/chain.ts'
import type { Env } from '../../lib/env.ts'
import type { SourceDeps } from '../adapter.ts'
import { ProviderFailure } from '../wire/failure.ts'

/** A URL may be pointed at another chain while we run. */
const IDENTITY_MS_MAX = 5 * 60_000
/** A failing provider rests for twice as long each time, within these bounds. */
const REST_MS_MIN = 250
const REST_MS_MAX = 10_000
/** What was heard longer ago says nothing about now: a fallback may not be asked for hours. */
const HEARD_MS_MAX = 5 * 60_000

/**
 * What a provider shows at a height, and up to where it calls blocks final: in the eyes of one node. Several may stand
 * behind one URL, on two branches, and what the one calls final says nothing about the blocks of the other.
 */
export interface FinalityAt {
  /** Null while it calls nothing final. */
  readonly finalHeight: number | null
  readonly shown: BlockHeader | null
}

/**
 * One provider of a chain: what it says, whether it may be used, and what we learnt about it. A family says how
 * its headers are asked for; whom to trust and how long to rest is the same for all.
 */
export abstract class Provider {
  readonly name: string
  protected readonly chain: Chain
  protected readonly env: Env
  #checkedMs = -Infinity
  #check: Promise<void> | null = null
  #refusal: string | null = null
  #failures = 0
  #heardMs = -Infinity
  #lastFailure: ProviderFailure | null = null
  #restedMs = -Infinity
  #restUntilMs = -Infinity

  constructor(config: ChainConfig, provider: ProviderConfig, deps: SourceDeps) {
    this.name = provider.name
    this.chain = config.chain
    this.env = deps.env
  }

  abstract head(): Promise<BlockHeader>
  /** Null when it does not have the block. */
  abstract header(height: number): Promise<BlockHeader | null>
  /** The newest block that is irreversible by the chain's rule; null while that cannot be told. */
  abstract finalized(): Promise<BlockHeader | null>
  abstract finalityAt(height: number): Promise<FinalityAt>
  protected abstract readChainId(): Promise<ChainId>

  /** Why it must never be used, once it has shown to serve another chain. */
  get refusal(): string | null {
    return this.#refusal
  }

  /** How long it still rests after failures, in milliseconds. */
  get restMs(): number {
    return Math.max(0, this.#restUntilMs - this.env.clock.monotonicMs())
  }

  /** Whether its last answer was one we could use; null where that is too long ago to tell. */
  get isUp(): boolean | null {
    if (this.#refusal !== null) return false
    const isRecent = this.env.clock.monotonicMs() - this.#heardMs < HEARD_MS_MAX
    return isRecent || this.restMs > 0 ? this.#failures === 0 : null
  }

  /** Why it rests, or rested last. */
  get lastFailure(): ProviderFailure | null {
    return this.#lastFailure
  }

  /** Throws unless it serves our chain; asks on first contact and again from time to time. */
  async assertChain(): Promise<void> {
    const nowMs = this.env.clock.monotonicMs()
    if (nowMs - this.#checkedMs < IDENTITY_MS_MAX) return
    this.#check ??= this.#checkChain().finally(() => {
      this.#check = null
    })
    await this.#check
  }

  async #checkChain(): Promise<void> {
    const actual = await this.readChainId()
    if (actual !== this.chain.id) {
      this.#refusal = `${this.name} serves ${actual}, not ${this.chain.id}`
      throw new ProviderFailure('wrong_chain', this.#refusal)
    }
    this.#checkedMs = this.env.clock.monotonicMs()
  }

  succeeded(): void {
    this.#failures = 0
    this.#heardMs = this.env.clock.monotonicMs()
  }

  /** `startedMs`: when the call began. Calls that were under way when it failed first count as one failure. */
  failed(failure: ProviderFailure, startedMs: number): void {
    if (startedMs < this.#restedMs) return
    this.#lastFailure = failure
    this.#failures += 1
    const restMs = Math.min(REST_MS_MAX, REST_MS_MIN * 2 ** (this.#failures - 1))
    const jittered = restMs * (0.5 + this.env.random.fraction() / 2)
    this.#restedMs = this.env.clock.monotonicMs()
    this.#heardMs = this.#restedMs
    this.#restUntilMs = this.#restedMs + Math.max(jittered, failure.retryAfterMs ?? 0)
    // It may come back as another node.
    this.#checkedMs = -Infinity
    this.forget()
  }

  /** Drops what was remembered of its answers. */
  protected abstract forget(): void
}
