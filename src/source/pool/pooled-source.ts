import type { ChainConfig } from '../../config/config.ts'
import type { AuditSource } from '../../domain/audit.ts'
import {
  plainHeader,
  type Block,
  type BlockHeader,
  type BlockRange,
  type BlockRef,
} from '../../domain/block.ts'
import type { TransactionAnswer } from '../../domain/transaction.ts'
import type { NumberedTransfer } from '../../domain/transfer.ts'
import type { Hex } from '../../lib/hex.ts'
import type { OpenSource, SourceDeps } from '../adapter.ts'
import { ProviderFailure } from '../wire/failure.ts'
import { PooledAudit, type AccountReader } from './account-reader.ts'
import { findTransaction, type ReadTransaction } from './find-transaction.ts'
import type { Provider } from './provider.ts'
import type { ProviderPool } from './provider-pool.ts'

/** A head this old is looked at twice: in blocks of the chain's own pace, but not below a minute. */
const OLD_BLOCKS = 20
const OLD_MS_MIN = 60_000
const STALE_REST_MS = 30_000

/** How a family reads transfers from one provider. */
export interface TransferReader<P extends Provider> {
  /** Null when the provider does not have the block, or lets go of it in between. */
  block(provider: P, height: number): Promise<Block | null>
  /** As many blocks from `from` on as the provider gives at once. */
  range(provider: P, from: number, to: number): Promise<BlockRange>
  /** Whether the provider shows this transfer in this very block. */
  shows(provider: P, block: BlockRef, numbered: NumberedTransfer): Promise<boolean>
}

/** Something that rings at new blocks for as long as it is open. */
export interface Hint {
  close(): Promise<void>
}

export interface SourceParts<P extends Provider> {
  readonly pool: ProviderPool<P>
  readonly reader: TransferReader<P>
  readonly readTransaction: ReadTransaction<P>
  readonly accounts: AccountReader<P>
  /** Null where nothing can ring. */
  readonly startHint: ((ring: () => void) => Hint) | null
}

/** A chain as several providers of one family tell it. */
export class PooledSource<P extends Provider> implements OpenSource {
  readonly audit: AuditSource
  readonly #config: ChainConfig
  readonly #deps: SourceDeps
  readonly #pool: ProviderPool<P>
  readonly #reader: TransferReader<P>
  readonly #readTransaction: ReadTransaction<P>
  readonly #startHint: SourceParts<P>['startHint']
  #hint: Hint | null = null

  constructor(config: ChainConfig, deps: SourceDeps, parts: SourceParts<P>) {
    this.audit = new PooledAudit(parts.pool, parts.accounts)
    this.#config = config
    this.#deps = deps
    this.#pool = parts.pool
    this.#reader = parts.reader
    this.#readTransaction = parts.readTransaction
    this.#startHint = parts.startHint
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
      const header = (await provider.finalized()) ?? (await this.#othersFinalized(provider))
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
    return this.#pool.ask((provider) => this.#reader.block(provider, height))
  }

  range(from: number, to: number): Promise<BlockRange> {
    return this.#pool.ask((provider) => this.#reader.range(provider, from, to))
  }

  isFinal(block: BlockRef): Promise<boolean> {
    return this.#pool.ask(async (provider) => {
      const word = await this.#vouches(provider, block)
      return word ?? (await this.#othersVouch(provider, block))
    })
  }

  async isUpheld(block: BlockRef): Promise<boolean> {
    const vouched = await Promise.all(
      this.#pool
        .awake()
        .map(async (provider) => ({ provider, says: await this.#wordOf(provider, block) })),
    )
    const upholding = vouched.filter(({ says }) => says === true)
    const refuting = vouched.filter(({ says }) => says === false)
    if (upholding.length === 0 || upholding.length < refuting.length) return false
    const doubtful = vouched.filter(({ says }) => says !== true)
    await Promise.all(
      doubtful.map(({ provider }) =>
        this.#pool.try(provider, () => this.#assertShows(provider, block)),
      ),
    )
    return true
  }

  async witnesses(block: BlockRef, numbered: NumberedTransfer): Promise<number> {
    const answers = await Promise.all(
      this.#pool
        .awake()
        .map((provider) =>
          this.#pool.try(provider, () => this.#reader.shows(provider, block, numbered)),
        ),
    )
    return answers.filter((answer) => 'value' in answer && answer.value).length
  }

  transaction(txHash: Hex): Promise<TransactionAnswer> {
    return findTransaction(this.#pool, this.#readTransaction, txHash)
  }

  onHint(ring: () => void): void {
    if (this.#startHint !== null) this.#hint ??= this.#startHint(ring)
  }

  async close(): Promise<void> {
    this.#pool.close()
    await this.#hint?.close()
  }

  /**
   * A node can hang and still answer. When a head is old, the other providers tell whether the chain stands
   * still or only this node; nothing is asked of them while heads are young.
   */
  async #assertFresh(provider: P, head: BlockHeader): Promise<void> {
    const ageMs = this.#deps.env.clock.now().getTime() - head.time.getTime()
    const oldMs = Math.max(OLD_MS_MIN, OLD_BLOCKS * this.#config.chain.blockTimeSeconds * 1_000)
    if (ageMs < oldMs) return
    for (const other of this.#pool.others(provider)) {
      const answer = await this.#pool.try(other, () => other.head())
      if ('failure' in answer || answer.value.height <= head.height) continue
      const evidence = { height: head.height, other: other.name, otherHeight: answer.value.height }
      const options = { retryAfterMs: STALE_REST_MS, evidence }
      throw new ProviderFailure('stale', `the head is ${Math.round(ageMs / 1_000)} s old`, options)
    }
  }

  /** Whether it shows this very block. Null: it calls nothing final at that height yet, or does not have it. */
  async #vouches(provider: P, { height, hash }: BlockRef): Promise<boolean | null> {
    const { finalHeight, shown } = await provider.finalityAt(height)
    if (finalHeight === null || finalHeight < height || shown === null) return null
    if (shown.hash === hash) return true
    const evidence = { provider: provider.name, height, shown: shown.hash, asked: hash }
    const { chain } = this.#config
    this.#deps.report.providerLied(chain, 'finalized history differs between providers', evidence)
    return false
  }

  /** One that cannot be asked says nothing, as one that has no word on it. */
  async #wordOf(provider: P, block: BlockRef): Promise<boolean | null> {
    const answer = await this.#pool.try(provider, () => this.#vouches(provider, block))
    return 'value' in answer ? answer.value : null
  }

  async #othersVouch(provider: P, block: BlockRef): Promise<boolean> {
    for (const other of this.#pool.others(provider)) {
      const word = await this.#wordOf(other, block)
      if (word !== null) return word
    }
    return false
  }

  /** For a block that another provider calls final: who shows another one, or has not come to it, rests. */
  async #assertShows(provider: P, { height, hash }: BlockRef): Promise<void> {
    const header = await provider.header(height)
    if (header?.hash === hash) return
    if (header === null) return this.#assertHasCome(provider, { height, hash })
    const evidence = { height, shown: header.hash, final: hash }
    const options = { retryAfterMs: STALE_REST_MS, evidence }
    throw new ProviderFailure('stale', 'a branch that was left is shown as the chain', options)
  }

  /** Who has let go of old blocks may lead. Whose head is below them may hang, and its followers would hang with it. */
  async #assertHasCome(provider: P, { height, hash }: BlockRef): Promise<void> {
    const head = await provider.head()
    if (head.height >= height) return
    const evidence = { height, head: head.height, final: hash }
    const options = { retryAfterMs: STALE_REST_MS, evidence }
    const message = 'the head is below a block that another one calls final'
    throw new ProviderFailure('stale', message, options)
  }

  /** A node may have lost touch with consensus, and so with finality, while it still follows the head. */
  async #othersFinalized(provider: P): Promise<BlockHeader | null> {
    for (const other of this.#pool.others(provider)) {
      const answer = await this.#pool.try(other, () => other.finalized())
      if ('value' in answer && answer.value !== null) return answer.value
    }
    return null
  }
}
