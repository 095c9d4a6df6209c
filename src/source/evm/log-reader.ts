import type { ChainConfig } from '../../config/config.ts'
import type { Block, BlockRange, BlockRef } from '../../domain/block.ts'
import type { RailId } from '../../domain/chain.ts'
import type { Transfer } from '../../domain/transfer.ts'
import type { Hex } from '../../lib/hex.ts'
import type { SourceDeps } from '../adapter.ts'
import { isFailure, RpcFailure } from './failure.ts'
import { plainHeader, readHeader, type EvmHeader } from './header.ts'
import { toQuantity } from './hex-field.ts'
import { BloomProbe } from './logs-bloom.ts'
import type { Provider } from './provider.ts'
import type { ProviderPool } from './provider-pool.ts'
import type { RpcCall } from './json-rpc.ts'
import { readTransfers, TRANSFER_TOPIC } from './transfer-log.ts'

/** Reads blocks and ranges with the transfers of the watched contracts. */
export class LogReader {
  readonly #config: ChainConfig
  readonly #deps: SourceDeps
  readonly #pool: ProviderPool
  readonly #rails: ReadonlyMap<string, RailId>
  readonly #contracts: readonly Hex[]
  readonly #probes: readonly BloomProbe[]
  readonly #oddContracts = new Set<unknown>()

  constructor(config: ChainConfig, deps: SourceDeps, pool: ProviderPool) {
    this.#config = config
    this.#deps = deps
    this.#pool = pool
    this.#contracts = config.rails.map(({ rail }) => rail.contract)
    this.#rails = new Map(config.rails.map(({ rail }) => [rail.contract, rail.id]))
    this.#probes = this.#contracts.map((contract) => new BloomProbe([contract, TRANSFER_TOPIC]))
  }

  /** Null when the provider does not have the block, or lets go of it between its header and its logs. */
  async block(provider: Provider, height: number): Promise<Block | null> {
    const remembered = provider.rememberedHead(height)
    if (remembered !== null) {
      const block = await this.#blockOf(provider, remembered)
      if (block !== null) return block
      provider.forgetHead()
    }
    const header = await provider.header(height)
    return header === null ? null : this.#blockOf(provider, header)
  }

  /** As many blocks from `from` on as the provider gives in one answer, with the headers of both ends. */
  async range(provider: Provider, from: number, to: number): Promise<BlockRange> {
    for (;;) {
      const last = Math.min(to, from + provider.span.blocks - 1)
      const blocks = last - from + 1
      try {
        const range = await this.#readRange(provider, from, last)
        provider.span.accepted(blocks, range.transfers.length)
        return range
      } catch (error) {
        if (!isFailure(error, 'too_large') || blocks === 1) throw error
        provider.span.refused(blocks)
      }
    }
  }

  /** Whether the provider shows this transfer in this very block. */
  async shows(provider: Provider, block: BlockRef, transfer: Transfer): Promise<boolean> {
    const [rawHeader, rawLogs] = await provider.client.callAll([
      headerCall(block.height),
      this.#logsCall({ blockHash: block.hash }),
    ])
    if (rawHeader === null) return false
    const header = readHeader(rawHeader, block.height)
    if (header.hash !== block.hash) return false
    const transfers = this.#transfersOf(header, rawLogs)
    return transfers.some((other) => isSameMovement(other, transfer))
  }

  async #blockOf(provider: Provider, header: EvmHeader): Promise<Block | null> {
    let logs: unknown
    try {
      logs = await this.#logsOf(provider, header)
    } catch (error) {
      if (isFailure(error, 'unknown_block')) return null
      throw error
    }
    const transfers = this.#transfersOf(header, logs)
    const isOdd = isEmpty(logs) && this.#mayHoldLogs(header)
    const believed = isOdd ? await this.#secondOpinion(provider, header) : transfers
    return { ...plainHeader(header), transfers: believed }
  }

  /**
   * The node says there are no logs, its own header says there may be: nodes that have not indexed a block, or
   * have pruned it, answer so. Mostly the header is merely full, so without contradiction the node is believed.
   */
  async #secondOpinion(provider: Provider, header: EvmHeader): Promise<Transfer[]> {
    for (const other of this.#pool.others(provider)) {
      const answer = await this.#pool.try(other, async () => {
        const logs = await this.#logsOf(other, header)
        return { isEmpty: isEmpty(logs), transfers: this.#transfersOf(header, logs) }
      })
      if ('failure' in answer) continue
      if (!answer.value.isEmpty) this.#reportOmission(provider, other, header)
      return answer.value.transfers
    }
    return []
  }

  async #readRange(provider: Provider, from: number, to: number): Promise<BlockRange> {
    const span = { fromBlock: toQuantity(from), toBlock: toQuantity(to) }
    const [headers, logs] = await Promise.all([
      provider.client.callAll([headerCall(from), headerCall(to)]),
      provider.client.call('eth_getLogs', this.#filter(span)),
    ])
    const first = headerOf(headers[0], from)
    const last = headerOf(headers[1], to)
    return {
      first: plainHeader(first),
      last: plainHeader(last),
      transfers: readTransfers(logs, { ...this.#scope(), first, last, timeMs: null }),
    }
  }

  #transfersOf(header: EvmHeader, logs: unknown): Transfer[] {
    const timeMs = header.time.getTime()
    return readTransfers(logs, { ...this.#scope(), first: header, last: header, timeMs })
  }

  #logsOf(provider: Provider, { hash }: BlockRef): Promise<unknown> {
    return provider.client.call('eth_getLogs', this.#filter({ blockHash: hash }))
  }

  #logsCall(where: object): RpcCall {
    return { method: 'eth_getLogs', params: [this.#filter(where)] }
  }

  #filter(where: object): object {
    return { ...where, address: this.#contracts, topics: [TRANSFER_TOPIC] }
  }

  #scope() {
    return { rails: this.#rails, onOddLog: (log: object) => this.#reportOdd(log) }
  }

  #mayHoldLogs({ logsBloom }: EvmHeader): boolean {
    return this.#probes.some((probe) => probe.mayMatch(logsBloom))
  }

  #reportOmission(provider: Provider, other: Provider, { height, hash }: BlockRef): void {
    this.#deps.report.providerLied(this.#config.chain, 'logs were left out of a block', {
      provider: provider.name,
      other: other.name,
      height,
      blockHash: hash,
    })
  }

  #reportOdd(log: { address?: unknown }): void {
    if (this.#oddContracts.has(log.address)) return
    this.#oddContracts.add(log.address)
    this.#deps.report.oddLog(this.#config.chain, log)
  }
}

function headerCall(height: number): RpcCall {
  return { method: 'eth_getBlockByNumber', params: [toQuantity(height), false] }
}

/** Of finalized history: a provider without it lags. */
function headerOf(raw: unknown, height: number): EvmHeader {
  if (raw === null) throw new RpcFailure('unknown_block', `block ${height} is not served`)
  return readHeader(raw, height)
}

function isEmpty(logs: unknown): boolean {
  return Array.isArray(logs) && logs.length === 0
}

function isSameMovement(a: Transfer, b: Transfer): boolean {
  return (
    a.rail === b.rail &&
    a.txHash === b.txHash &&
    a.from === b.from &&
    a.to === b.to &&
    a.amount === b.amount
  )
}
