import type { ChainConfig, ProviderConfig } from '../../config/config.ts'
import type { Env } from '../../lib/env.ts'
import type { SourceDeps } from '../adapter.ts'
import { isFailure, RpcFailure } from './failure.ts'
import { readHeader, type EvmHeader } from './header.ts'
import { readQuantity, toQuantity } from './hex-field.ts'
import type { RpcCall } from './json-rpc.ts'
import { RpcClient } from './rpc-client.ts'
import { Span } from './span.ts'

/** A URL may be pointed at another chain while we run. */
const IDENTITY_MS_MAX = 5 * 60_000
/** A head may be replaced at any time; within one poll, asking for its header again is only latency. */
const REMEMBER_MS_MAX = 1_000
/** A failing provider rests for twice as long each time, within these bounds. */
const REST_MS_MIN = 250
const REST_MS_MAX = 10_000

export type BlockTag = number | 'latest' | 'finalized'

export function headerCall(block: BlockTag): RpcCall {
  const param = typeof block === 'number' ? toQuantity(block) : block
  return { method: 'eth_getBlockByNumber', params: [param, false] }
}

/** One provider of a chain: its calls, whether it may be used, and what we learnt about it. */
export class Provider {
  readonly name: string
  readonly client: RpcClient
  readonly span = new Span()
  readonly #expected: number
  readonly #env: Env
  #checkedMs = -Infinity
  #check: Promise<void> | null = null
  #refusal: string | null = null
  #failures = 0
  #lastFailure: RpcFailure | null = null
  #restedMs = -Infinity
  #restUntilMs = -Infinity
  #head: { readonly header: EvmHeader; readonly atMs: number } | null = null

  constructor(config: ChainConfig, provider: ProviderConfig, deps: SourceDeps) {
    this.name = provider.name
    this.client = new RpcClient(config.chain, provider, deps)
    this.#expected = Number(config.chain.id.split(':')[1])
    this.#env = deps.env
  }

  /** Why it must never be used, once it has shown to serve another chain. */
  get refusal(): string | null {
    return this.#refusal
  }

  /** How long it still rests after failures, in milliseconds. */
  get restMs(): number {
    return Math.max(0, this.#restUntilMs - this.#env.clock.monotonicMs())
  }

  /** Null when it does not have the block. */
  async header(block: BlockTag): Promise<EvmHeader | null> {
    let raw: unknown
    try {
      raw = await this.client.call(headerCall(block))
    } catch (error) {
      if (isFailure(error, 'unknown_block')) return null
      throw error
    }
    return raw === null ? null : readHeader(raw, typeof block === 'number' ? block : null)
  }

  async head(): Promise<EvmHeader> {
    const header = await this.header('latest')
    if (header === null) throw new RpcFailure('garbled', 'there is no latest block')
    this.#head = { header, atMs: this.#env.clock.monotonicMs() }
    return header
  }

  /** The header of a block it has just named as its head, which need not be asked for again. */
  rememberedHead(height: number): EvmHeader | null {
    if (this.#head === null || this.#head.header.height !== height) return null
    const ageMs = this.#env.clock.monotonicMs() - this.#head.atMs
    return ageMs <= REMEMBER_MS_MAX ? this.#head.header : null
  }

  /** Throws unless it serves our chain; asks on first contact and again from time to time. */
  async assertChain(): Promise<void> {
    const nowMs = this.#env.clock.monotonicMs()
    if (nowMs - this.#checkedMs < IDENTITY_MS_MAX) return
    this.#check ??= this.#checkChain().finally(() => {
      this.#check = null
    })
    await this.#check
  }

  async #checkChain(): Promise<void> {
    const actual = readQuantity(
      await this.client.call({ method: 'eth_chainId', params: [] }),
      'chainId',
    )
    if (actual !== this.#expected) {
      this.#refusal = `${this.name} serves eip155:${actual}, not eip155:${this.#expected}`
      throw new RpcFailure('wrong_chain', this.#refusal)
    }
    this.#checkedMs = this.#env.clock.monotonicMs()
  }

  succeeded(): void {
    this.#failures = 0
  }

  /** Why it rests, or rested last. */
  get lastFailure(): RpcFailure | null {
    return this.#lastFailure
  }

  /** `startedMs`: when the call began. Calls that were under way when it failed first count as one failure. */
  failed(failure: RpcFailure, startedMs: number): void {
    if (startedMs < this.#restedMs) return
    this.#lastFailure = failure
    this.#failures += 1
    const restMs = Math.min(REST_MS_MAX, REST_MS_MIN * 2 ** (this.#failures - 1))
    const jittered = restMs * (0.5 + this.#env.random.fraction() / 2)
    this.#restedMs = this.#env.clock.monotonicMs()
    this.#restUntilMs = this.#restedMs + Math.max(jittered, failure.retryAfterMs ?? 0)
    this.#head = null
    // It may come back as another node.
    this.#checkedMs = -Infinity
  }
}
