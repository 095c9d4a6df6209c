import type { ChainConfig } from '../../config/config.ts'
import type { Account, Balances, Holder, Proof } from '../../domain/audit.ts'
import type { Block, BlockRange, BlockRef } from '../../domain/block.ts'
import type { Address, RailId } from '../../domain/chain.ts'
import { showsTransfer, type NumberedTransfer, type Transfer } from '../../domain/transfer.ts'
import { required } from '../../lib/assert.ts'
import type { Hex } from '../../lib/hex.ts'
import type { SourceDeps } from '../adapter.ts'
import { contractsOf } from '../balance-of.ts'
import { OddLogs } from '../odd-logs.ts'
import type { AccountReader } from '../pool/account-reader.ts'
import type { TransferReader } from '../pool/pooled-source.ts'
import type { ProviderPool } from '../pool/provider-pool.ts'
import { isFailure, ProviderFailure } from '../wire/failure.ts'
import { askBlock, askBlocks, askInfos, askReadings } from './ask.ts'
import { readBalances } from './balances.ts'
import { noticesOf, transfersOf, type Reading, type TransferScope } from './execution.ts'
import { joinInfos } from './join-infos.ts'
import { readByReceipts } from './receipts.ts'
import type { TronProvider } from './tron-provider.ts'

/** Reads blocks and ranges with the transfers of the watched contracts, from what transactions logged. */
export class ExecutionReader implements TransferReader<TronProvider>, AccountReader<TronProvider> {
  readonly #pool: ProviderPool<TronProvider>
  readonly #scope: TransferScope
  readonly #contracts: ReadonlyMap<RailId, Address>
  /** Providers that have shown not to know `eth_getBlockReceipts`, which is younger than many nodes. */
  readonly #withoutReceipts = new Set<TronProvider>()

  constructor(config: ChainConfig, deps: SourceDeps, pool: ProviderPool<TronProvider>) {
    this.#pool = pool
    this.#contracts = contractsOf(config.rails)
    const oddLogs = new OddLogs(config.chain, deps.report)
    this.#scope = {
      rails: new Map<Hex, RailId>(config.rails.map(({ rail }) => [rail.contract, rail.id])),
      onOddLog: (log) => oddLogs.report(log),
    }
  }

  /**
   * The head may have been replaced since it was named, so what does not fit it is looked at anew. Where the
   * provider does not have all of the block's infos yet, another one may.
   */
  async block(provider: TronProvider, height: number): Promise<Block | null> {
    const named = provider.rememberedId(height)
    const early = named === null ? null : await this.#readBlock(provider, height, named)
    const reading = early ?? (await this.#readKnown(provider, height))
    if (reading !== null) return this.#blockOf(reading)
    for (const other of this.#pool.others(provider)) {
      const answer = await this.#pool.try(other, () => this.#readKnown(other, height))
      if ('value' in answer && answer.value !== null) return this.#blockOf(answer.value)
    }
    return null
  }

  async range(provider: TronProvider, from: number, to: number): Promise<BlockRange> {
    return this.#rangeOf(await this.#readSpan(provider, from, to))
  }

  async account(provider: TronProvider, from: number, to: number): Promise<Account> {
    const readings = await this.#readSpan(provider, from, to)
    const [first, ...rest] = readings.map(({ header }) => header)
    return {
      headers: [required(first, 'a range covers a block at least'), ...rest],
      transfers: readings.flatMap((reading) => this.#transfersOf(reading)),
      notices: readings.flatMap((reading) => noticesOf(reading, this.#scope)),
    }
  }

  /** A header commits to transactions, and their outcomes are in them; to logs it does not. */
  async prove(): Promise<Proof> {
    return { outcome: 'unavailable', detail: 'TRON commits to no logs' }
  }

  balances(provider: TronProvider, holders: readonly Holder[]): Promise<Balances | null> {
    return readBalances(provider, this.#contracts, holders)
  }

  async #readSpan(provider: TronProvider, from: number, to: number): Promise<Reading[]> {
    for (;;) {
      const last = Math.min(to, from + provider.span.blocks - 1)
      const blocks = last - from + 1
      try {
        const readings = await this.#readRange(provider, from, last)
        const transfers = readings.flatMap((reading) => this.#transfersOf(reading))
        provider.span.accepted(blocks, transfers.length)
        return readings
      } catch (error) {
        if (!isFailure(error, 'too_large') || blocks === 1) throw error
        provider.span.refused(blocks)
      }
    }
  }

  async shows(
    provider: TronProvider,
    block: BlockRef,
    numbered: NumberedTransfer,
  ): Promise<boolean> {
    const reading = await this.#readKnown(provider, block.height)
    if (reading?.header.hash !== block.hash) return false
    return showsTransfer(this.#transfersOf(reading), numbered)
  }

  async #readKnown(provider: TronProvider, height: number): Promise<Reading | null> {
    const header = await provider.header(height)
    return header === null ? null : this.#readBlock(provider, height, header.hash)
  }

  /**
   * Infos carry no block hash, so they are read between two looks at the height's id: what was the chain's block
   * before and after was it meanwhile. Null when it was not, or when not all infos are served yet.
   */
  async #readBlock(provider: TronProvider, height: number, known: Hex): Promise<Reading | null> {
    const infos = await askInfos(provider.node, height)
    const block = await askBlock(provider.node, height)
    return block?.hash === known ? joinInfos(block, infos) : null
  }

  async #readRange(provider: TronProvider, from: number, to: number): Promise<Reading[]> {
    const { rpc } = provider
    if (rpc !== null && !this.#withoutReceipts.has(provider)) {
      try {
        return await readByReceipts(rpc, from, to)
      } catch (error) {
        // A JSON-RPC that is off or away only made ranges cheaper: the HTTP API has all that it has.
        if (isFailure(error, 'refused')) this.#withoutReceipts.add(provider)
        else if (!isFailure(error, 'unreachable')) throw error
      }
    }
    return this.#readByInfos(provider, from, to)
  }

  /** Up to the first block that lacks some of its infos. */
  async #readByInfos({ node }: TronProvider, from: number, to: number): Promise<Reading[]> {
    const readings = await askReadings(node, await askBlocks(node, from, to))
    const missing = readings.indexOf(null)
    const served = missing === -1 ? readings : readings.slice(0, missing)
    if (served.length > 0) return served as Reading[]
    throw new ProviderFailure('unknown_block', `infos of block ${from} are not all served`)
  }

  #transfersOf(reading: Reading): Transfer[] {
    return transfersOf(reading, this.#scope)
  }

  #blockOf(reading: Reading): Block {
    return { ...reading.header, transfers: this.#transfersOf(reading) }
  }

  #rangeOf(readings: readonly Reading[]): BlockRange {
    return {
      first: required(readings[0], 'a range covers a block at least').header,
      last: required(readings.at(-1), 'a range covers a block at least').header,
      transfers: readings.flatMap((reading) => this.#transfersOf(reading)),
    }
  }
}
