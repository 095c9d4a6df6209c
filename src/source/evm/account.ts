import type { ChainConfig } from '../../config/config.ts'
import type { Account, Balances, Holder, Proof, TokenNotice } from '../../domain/audit.ts'
import { plainHeader, type BlockHeader, type BlockRef } from '../../domain/block.ts'
import type { Address, RailId } from '../../domain/chain.ts'
import { required } from '../../lib/assert.ts'
import type { Hex } from '../../lib/hex.ts'
import { contractsOf } from '../balance-of.ts'
import { TRANSFER_TOPIC } from '../movement.ts'
import type { AccountReader } from '../pool/account-reader.ts'
import { NOTICE_TOPICS, readNotice } from '../token-notice.ts'
import { WIDE_LIMITS } from '../wire/exchange.ts'
import { contradict, isFailure, ProviderFailure } from '../wire/failure.ts'
import { readBytes, readHash, readLogIndex, readQuantity, toQuantity } from '../wire/hex-field.ts'
import { readBalances } from './balances.ts'
import { headerCall, type EvmProvider } from './evm-provider.ts'
import { readHeader } from './header.ts'
import { proveBlock } from './prove.ts'
import { readTransfers, type RawLog } from './transfer-log.ts'

type Headers = readonly [BlockHeader, ...BlockHeader[]]

/** One provider's account of a stretch, every header included, so that each log stands in a block we can name. */
export class EvmAccounts implements AccountReader<EvmProvider> {
  readonly #rails: ReadonlyMap<string, RailId>
  readonly #contracts: ReadonlyMap<RailId, Address>

  constructor({ rails }: ChainConfig) {
    this.#contracts = contractsOf(rails)
    this.#rails = new Map(rails.map(({ rail }) => [rail.contract, rail.id]))
  }

  async account(provider: EvmProvider, from: number, to: number): Promise<Account> {
    try {
      return await this.#read(provider, from, to)
    } catch (error) {
      if (!isFailure(error, 'too_large') || from === to) throw error
      return this.account(provider, from, Math.floor((from + to) / 2))
    }
  }

  prove(provider: EvmProvider, block: BlockRef): Promise<Proof> {
    return proveBlock(provider, block, this.#rails)
  }

  balances(provider: EvmProvider, holders: readonly Holder[]): Promise<Balances | null> {
    return readBalances(provider, this.#contracts, holders)
  }

  /** In one batch, so that one replica answers all of it. */
  async #read(provider: EvmProvider, from: number, to: number): Promise<Account> {
    const heights = Array.from({ length: to - from + 1 }, (_, index) => from + index)
    const span = {
      fromBlock: toQuantity(from),
      toBlock: toQuantity(to),
      address: [...this.#rails.keys()],
    }
    const calls = [
      { method: 'eth_getLogs', params: [{ ...span, topics: [TRANSFER_TOPIC] }] },
      { method: 'eth_getLogs', params: [{ ...span, topics: [NOTICE_TOPICS] }] },
      ...heights.map(headerCall),
    ]
    const [logs, notices, ...rawHeaders] = await provider.client.callAll(calls, WIDE_LIMITS)
    const headers = readLinked(rawHeaders, heights)
    // Where it parts from itself its account ends; the next one begins there.
    const end = from + headers.length - 1
    if (end < to) return this.#read(provider, from, end)
    return {
      headers,
      transfers: this.#transfersIn(logs, headers),
      notices: this.#noticesIn(notices, headers),
    }
  }

  #transfersIn(logs: unknown, headers: Headers): Account['transfers'] {
    const [first, last] = [headers[0], required(headers.at(-1), 'one header at least')]
    const transfers = readTransfers(logs, {
      rails: this.#rails,
      first,
      last,
      timeMs: null,
      onOddLog: () => undefined,
    })
    return transfers.map((transfer) => {
      const { time } = blockOf(headers, transfer.height, transfer.blockHash)
      return { ...transfer, blockTimeMs: time.getTime() }
    })
  }

  /** Nodes that take no alternatives in a filter answer with other logs as well, which are passed over. */
  #noticesIn(logs: unknown, headers: Headers): TokenNotice[] {
    if (!Array.isArray(logs)) contradict('logs are no list')
    return (logs as RawLog[]).flatMap((log) => {
      if (typeof log !== 'object' || log === null) contradict('a log is no object')
      const rail = typeof log.address === 'string' ? this.#rails.get(log.address) : undefined
      if (rail === undefined || !Array.isArray(log.topics)) return []
      const topics = log.topics.map((topic: unknown) => readHash(topic, 'topics'))
      const notice = readNotice(topics, readBytes(log.data, 'data'))
      if (notice === null) return []
      const height = readQuantity(log.blockNumber, 'blockNumber')
      const blockHash = readHash(log.blockHash, 'blockHash')
      const blockTimeMs = blockOf(headers, height, blockHash).time.getTime()
      const txHash = readHash(log.transactionHash, 'transactionHash')
      const logIndex = readLogIndex(log.logIndex)
      return { ...notice, rail, height, blockHash, blockTimeMs, txHash, logIndex }
    })
  }
}

/** From the first on, as far as each builds on the one before. */
function readLinked(raw: readonly unknown[], heights: readonly number[]): Headers {
  const headers = heights.map((height, index) => {
    const one = raw[index]
    if (one === null) throw new ProviderFailure('unknown_block', `block ${height} is not served`)
    return plainHeader(readHeader(one, height))
  })
  const parted = headers.findIndex(
    ({ parentHash }, index) => index > 0 && headers[index - 1]?.hash !== parentHash,
  )
  const linked = parted === -1 ? headers : headers.slice(0, parted)
  return [required(linked[0], 'a stretch has a block'), ...linked.slice(1)]
}

function blockOf(headers: Headers, height: number, hash: Hex): BlockHeader {
  const header = headers[height - headers[0].height]
  if (header?.hash === hash) return header
  return contradict('a log of another block than its header', { height, log: hash })
}
