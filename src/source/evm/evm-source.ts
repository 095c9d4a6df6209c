import type { ChainConfig } from '../../config/config.ts'
import type { Block, BlockHeader, BlockRange, BlockRef } from '../../domain/block.ts'
import type { ChainSource } from '../../domain/source.ts'
import type { Transfer } from '../../domain/transfer.ts'
import type { SourceDeps } from '../adapter.ts'
import { BlockHint } from './block-hint.ts'
import { RpcFailure } from './failure.ts'
import { plainHeader, type EvmHeader } from './header.ts'
import { LogReader } from './log-reader.ts'
import type { Provider } from './provider.ts'
import { ProviderPool } from './provider-pool.ts'

/** A head this old is looked at twice: in blocks of the chain's own pace, but not below a minute. */
const OLD_BLOCKS = 20
const OLD_MS_MIN = 60_000
const STALE_REST_MS = 30_000

export async function openEvmSource(config: ChainConfig, deps: SourceDeps): Promise<ChainSource> {
  const pool = new ProviderPool(config, deps)
  await pool.open()
  return new EvmSource(config, deps, pool)
}

class EvmSource implements ChainSource {
  readonly #config: ChainConfig
  readonly #deps: SourceDeps
  readonly #pool: ProviderPool
  readonly #logs: LogReader
  #hint: BlockHint | null = null

  constructor(config: ChainConfig, deps: SourceDeps, pool: ProviderPool) {
    this.#config = config
    this.#deps = deps
    this.#pool = pool
    this.#logs = new LogReader(config, deps, pool)
  }

  head(): Promise<BlockHeader> {
    return this.#pool.ask(async (provider) => {
      const header = await provider.head()
      await this.#assertFresh(provider, header)
      return plainHeader(header)
    })
  }

  finalizedHead(): Promise<BlockHeader | null> {
    return this.#pool.ask(async (provider) => {
      const header = (await this.#finalized(provider)) ?? (await this.#othersFinalized(provider))
      return header === null ? null : plainHeader(header)
    })
  }

  header(height: number): Promise<BlockHeader | null> {
    return this.#pool.ask(async (provider) => {
      const header = await provider.header(height)
      return header === null ? null : plainHeader(header)
    })
  }

  block(height: number): Promise<Block | null> {
    return this.#pool.ask((provider) => this.#logs.block(provider, height))
  }

  range(from: number, to: number): Promise<BlockRange> {
    return this.#pool.ask((provider) => this.#logs.range(provider, from, to))
  }

  isFinal(block: BlockRef): Promise<boolean> {
    return this.#pool.ask(async (provider) => {
      for (const voucher of [provider, ...this.#pool.others(provider)]) {
        const answer = await this.#pool.try(voucher, () => this.#vouches(voucher, block))
        if ('value' in answer && answer.value !== null) return answer.value
      }
      return false
    })
  }

  async witnesses(block: BlockRef, transfer: Transfer): Promise<number> {
    const answers = await Promise.all(
      this.#pool
        .awake()
        .map((provider) =>
          this.#pool.try(provider, () => this.#logs.shows(provider, block, transfer)),
        ),
    )
    return answers.filter((answer) => 'value' in answer && answer.value).length
  }

  onHint(ring: () => void): void {
    const { websocketUrl } = this.#config
    if (websocketUrl !== null) this.#hint ??= new BlockHint(websocketUrl, this.#deps.env, ring)
  }

  async close(): Promise<void> {
    this.#pool.close()
    await this.#hint?.close()
  }

  /**
   * A node can hang and still answer. When a head is old, the other providers tell whether the chain stands
   * still or only this node; nothing is asked of them while heads are young.
   */
  async #assertFresh(provider: Provider, head: BlockHeader): Promise<void> {
    const ageMs = this.#deps.env.clock.now().getTime() - head.time.getTime()
    const oldMs = Math.max(OLD_MS_MIN, OLD_BLOCKS * this.#config.chain.blockTimeSeconds * 1_000)
    if (ageMs < oldMs) return
    for (const other of this.#pool.others(provider)) {
      const answer = await this.#pool.try(other, () => other.head())
      if ('failure' in answer || answer.value.height <= head.height) continue
      const evidence = { height: head.height, other: other.name, otherHeight: answer.value.height }
      const options = { retryAfterMs: STALE_REST_MS, evidence }
      throw new RpcFailure('stale', `the head is ${Math.round(ageMs / 1_000)} s old`, options)
    }
  }

  /** Null when it calls nothing final at that height yet; otherwise whether it shows this very block there. */
  async #vouches(provider: Provider, { height, hash }: BlockRef): Promise<boolean | null> {
    const [finalized, shown] = await Promise.all([
      this.#finalized(provider),
      provider.header(height),
    ])
    if (finalized === null || finalized.height < height) return null
    if (shown?.hash === hash) return true
    const evidence = { provider: provider.name, height, shown: shown?.hash ?? null, asked: hash }
    const { chain } = this.#config
    this.#deps.report.providerLied(chain, 'finalized history differs between providers', evidence)
    return false
  }

  /** By depth: the newest block that has as many confirmations as the rule asks for, its own block included. */
  async #finalized(provider: Provider): Promise<EvmHeader | null> {
    const { finality } = this.#config.chain
    if (finality.kind === 'finalized') return provider.header('finalized')
    const head = await provider.head()
    const height = head.height - finality.blocks + 1
    return height < 0 ? null : provider.header(height)
  }

  /** A node may have lost touch with consensus, and so with finality, while it still follows the head. */
  async #othersFinalized(provider: Provider): Promise<EvmHeader | null> {
    for (const other of this.#pool.others(provider)) {
      const answer = await this.#pool.try(other, () => this.#finalized(other))
      if ('value' in answer && answer.value !== null) return answer.value
    }
    return null
  }
}
