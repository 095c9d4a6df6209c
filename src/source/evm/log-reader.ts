import type { ChainConfig } from '../../config/config.ts'
import { plainHeader, type Block, type BlockRange, type BlockRef } from '../../domain/block.ts'
import type { RailId } from '../../domain/chain.ts'
import { showsTransfer, type NumberedTransfer, type Transfer } from '../../domain/transfer.ts'
import type { Hex } from '../../lib/hex.ts'
import { required } from '../../lib/assert.ts'
import type { SourceDeps } from '../adapter.ts'
import { TRANSFER_TOPIC } from '../movement.ts'
import { OddLogs } from '../odd-logs.ts'
import { isFailure, ProviderFailure } from '../wire/failure.ts'
import { readHeader, type EvmHeader } from './header.ts'
import { toQuantity } from '../wire/hex-field.ts'
import type { RpcCall } from '../wire/json-rpc.ts'
import { BloomProbe } from './logs-bloom.ts'
import { headerCall, type EvmProvider } from './evm-provider.ts'
import type { TransferReader } from '../pool/pooled-source.ts'
import type { ProviderPool } from '../pool/provider-pool.ts'
import { WIDE_LIMITS } from '../wire/exchange.ts'
import { readTransfers, type RawLog } from './transfer-log.ts'

/** What one answer showed, with the headers of its first and last block: the same one for a single block. */
interface Reading {
  readonly first: EvmHeader
  readonly last: EvmHeader
  readonly transfers: readonly Transfer[]
  /** The watched contracts without any log in it, counting also those that are left out of `transfers`. */
  readonly silent: readonly Hex[]
}

/** Reads blocks and ranges with the transfers of the watched contracts. */
export class LogReader implements TransferReader<EvmProvider> {
  readonly #config: ChainConfig
  readonly #deps: SourceDeps
  readonly #pool: ProviderPool<EvmProvider>
  readonly #rails: ReadonlyMap<string, RailId>
  readonly #contracts: readonly Hex[]
  readonly #probes: ReadonlyMap<Hex, BloomProbe>
  readonly #oddLogs: OddLogs

  constructor(config: ChainConfig, deps: SourceDeps, pool: ProviderPool<EvmProvider>) {
    this.#config = config
    this.#deps = deps
    this.#pool = pool
    this.#oddLogs = new OddLogs(config.chain, deps.report)
    this.#contracts = config.rails.map(({ rail }) => rail.contract)
    this.#rails = new Map(config.rails.map(({ rail }) => [rail.contract, rail.id]))
    this.#probes = new Map(
      this.#contracts.map((contract) => [contract, new BloomProbe([contract, TRANSFER_TOPIC])]),
    )
  }

  async block(provider: EvmProvider, height: number): Promise<Block | null> {
    const remembered = provider.rememberedHead(height)
    const block = remembered === null ? null : await this.#blockOf(provider, remembered)
    if (block !== null) return block
    const header = await provider.header(height)
    return header === null ? null : this.#blockOf(provider, header)
  }

  async range(provider: EvmProvider, from: number, to: number): Promise<BlockRange> {
    for (;;) {
      const last = Math.min(to, from + provider.span.blocks - 1)
      const blocks = last - from + 1
      try {
        const reading = await this.#readRange(provider, from, last)
        provider.span.accepted(blocks, reading.transfers.length)
        return rangeOf(
          await this.#believe(provider, reading, (other) => this.#readRange(other, from, last)),
        )
      } catch (error) {
        if (!isFailure(error, 'too_large') || blocks === 1) throw error
        provider.span.refused(blocks)
      }
    }
  }

  async shows(
    provider: EvmProvider,
    block: BlockRef,
    numbered: NumberedTransfer,
  ): Promise<boolean> {
    const [header, logs] = await provider.client.callAll([
      headerCall(block.height),
      this.#logsCall({ blockHash: block.hash }),
    ])
    if (header === null) return false
    const theirs = readHeader(header, block.height)
    if (theirs.hash !== block.hash) return false
    const { transfers } = this.#read(logs, theirs, theirs)
    return showsTransfer(transfers, numbered)
  }

  async #blockOf(provider: EvmProvider, header: EvmHeader): Promise<Block | null> {
    try {
      const reading = await this.#readBlock(provider, header)
      const { transfers } = await this.#believe(provider, reading, (other) =>
        this.#readBlock(other, header),
      )
      return { ...plainHeader(header), transfers }
    } catch (error) {
      if (isFailure(error, 'unknown_block')) return null
      throw error
    }
  }

  async #readBlock(provider: EvmProvider, header: EvmHeader): Promise<Reading> {
    const call = this.#logsCall({ blockHash: header.hash })
    return this.#read(await provider.client.call(call), header, header)
  }

  async #readRange(provider: EvmProvider, from: number, to: number): Promise<Reading> {
    const ends = from === to ? [from] : [from, to]
    // In one batch, so that one replica answers all of it: behind a balancer a lagging one would say "no logs" to
    // a question that another one's headers vouch for.
    const span = { fromBlock: toQuantity(from), toBlock: toQuantity(to) }
    const calls = [this.#logsCall(span), ...ends.map(headerCall)]
    const [logs, ...headers] = await provider.client.callAll(calls, WIDE_LIMITS)
    return this.#read(logs, servedHeader(headers[0], from), servedHeader(headers.at(-1), to))
  }

  #read(logs: unknown, first: EvmHeader, last: EvmHeader): Reading {
    const transfers = readTransfers(logs, {
      rails: this.#rails,
      first,
      last,
      timeMs: first === last ? first.time.getTime() : null,
      onOddLog: (log) => this.#oddLogs.report(log),
    })
    const speakers = new Set((logs as readonly RawLog[]).map(({ address }) => address))
    const silent = this.#contracts.filter((contract) => !speakers.has(contract))
    return { first, last, transfers, silent }
  }

  /**
   * No log of a contract, although the provider's own header says that there may be some: nodes that have not
   * indexed a block, or have pruned it, answer so. Mostly the block is merely full, and unless the next
   * provider knows better the first is believed.
   */
  async #believe(
    provider: EvmProvider,
    reading: Reading,
    readAgain: (other: EvmProvider) => Promise<Reading>,
  ): Promise<Reading> {
    if (!this.#isDoubtful(reading)) return reading
    for (const other of this.#pool.others(provider)) {
      const answer = await this.#pool.try(other, readAgain)
      if ('failure' in answer) continue
      if (answer.value.silent.length >= reading.silent.length) return reading
      this.#reportOmission(provider, other, reading)
      return answer.value
    }
    return reading
  }

  #isDoubtful({ silent, first, last }: Reading): boolean {
    return silent.some((contract) => {
      const probe = required(this.#probes.get(contract), 'every watched contract has its probe')
      return probe.mayMatch(first.logsBloom) || probe.mayMatch(last.logsBloom)
    })
  }

  #logsCall(where: object): RpcCall {
    const filter = { ...where, address: this.#contracts, topics: [TRANSFER_TOPIC] }
    return { method: 'eth_getLogs', params: [filter] }
  }

  #reportOmission(provider: EvmProvider, other: EvmProvider, { first, last }: Reading): void {
    this.#deps.report.providerLied(this.#config.chain, 'logs were left out', {
      provider: provider.name,
      other: other.name,
      from: first.height,
      to: last.height,
      blockHash: last.hash,
    })
  }
}

/** A provider without a block of finalized history lags. */
function servedHeader(raw: unknown, height: number): EvmHeader {
  if (raw === null) throw new ProviderFailure('unknown_block', `block ${height} is not served`)
  return readHeader(raw, height)
}

function rangeOf({ first, last, transfers }: Reading): BlockRange {
  return { first: plainHeader(first), last: plainHeader(last), transfers }
}
