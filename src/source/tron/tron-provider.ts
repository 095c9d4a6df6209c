import type { ChainConfig, ProviderConfig } from '../../config/config.ts'
import type { BlockHeader } from '../../domain/block.ts'
import type { ChainId } from '../../domain/chain.ts'
import type { Clock } from '../../lib/clock.ts'
import type { SourceDeps } from '../adapter.ts'
import { Provider, type FinalityAt } from '../pool/provider.ts'
import { RememberedHead } from '../pool/remembered-head.ts'
import { Span, type SpanRules } from '../pool/span.ts'
import type { Link } from '../wire/exchange.ts'
import { ProviderFailure } from '../wire/failure.ts'
import { Pace } from '../wire/pace.ts'
import { RpcClient } from '../wire/rpc-client.ts'
import { readHeader } from './block-answer.ts'
import { NodeApi, type NodePath } from './node-api.ts'
import { judgeTronStatus } from './tron-status.ts'

/**
 * A hundred blocks is all that one question may span (`BLOCK_LIMIT_NUM` in java-tron's getblockbylimitnext), but
 * a full one of mainnet is 650 kB with some 150 transfers: three thousand of them are twenty blocks, or 13 MB.
 */
const TRON_SPAN: SpanRules = { first: 20, max: 100, transfersWanted: 3_000 }

const KEY_HEADER = 'TRON-PRO-API-KEY'
/** Hosted plans allow 15 requests a second to a key and suspend it beyond; live blocks need room beside a backfill. */
const KEYED_REQUESTS_PER_SECOND = 10

/** A TRON node, or an API in front of many: two HTTP views, of the head and of what is solid. */
export class TronProvider extends Provider {
  readonly node: NodeApi
  readonly solidity: NodeApi
  /** Null where the node's JSON-RPC is not configured: it is off by default. */
  readonly rpc: RpcClient | null
  readonly span = new Span(TRON_SPAN)
  readonly #remembered: RememberedHead<BlockHeader>

  constructor(config: ChainConfig, provider: ProviderConfig, deps: SourceDeps) {
    super(config, provider, deps)
    const caller = { chain: config.chain.slug, provider: provider.name }
    const { node, solidity, rpc } = linksTo(provider, deps.env.clock)
    this.node = new NodeApi(caller, node, deps)
    this.solidity = new NodeApi(caller, solidity, deps)
    this.rpc = rpc === null ? null : new RpcClient(caller, rpc, deps)
    this.#remembered = new RememberedHead(deps.env.clock)
  }

  override async head(): Promise<BlockHeader> {
    const header = await askHeader(this.node, '/wallet/getblock', null)
    if (header === null) throw new ProviderFailure('garbled', 'there is no latest block')
    return this.#remembered.keep(header)
  }

  override header(height: number): Promise<BlockHeader | null> {
    return askHeader(this.node, '/wallet/getblock', height)
  }

  /** The newest block that more than two thirds of the producers have built upon. */
  override finalized(): Promise<BlockHeader | null> {
    return askHeader(this.solidity, '/walletsolidity/getblock', null)
  }

  /** Of the solidity API each node shows only what is solid to itself. */
  override async finalityAt(height: number): Promise<FinalityAt> {
    const shown = await this.solidHeader(height)
    return { finalHeight: shown === null ? null : height, shown }
  }

  solidHeader(height: number): Promise<BlockHeader | null> {
    return askHeader(this.solidity, '/walletsolidity/getblock', height)
  }

  /** The id of a block that the head it has just named makes known: its own or its parent's. */
  rememberedId(height: number): BlockHeader['hash'] | null {
    const head = this.#remembered.header
    if (head?.height === height) return head.hash
    return head?.height === height + 1 ? head.parentHash : null
  }

  /** The chain's number is the last four bytes of its first block's id. */
  protected override async readChainId(): Promise<ChainId> {
    const genesis = readHeader(await this.node.ask('/wallet/getblockbynum', { num: 0 }), 0)
    if (genesis === null) throw new ProviderFailure('garbled', 'there is no genesis block')
    return `tron:${Number.parseInt(genesis.hash.slice(-8), 16)}`
  }

  protected override forget(): void {
    this.#remembered.forget()
  }
}

/** A provider's three APIs. What it allows in a second it allows to all of them together. */
export function linksTo(
  { url, solidityUrl = url, jsonrpcUrl, apiKey }: ProviderConfig,
  clock: Clock,
): { readonly node: Link; readonly solidity: Link; readonly rpc: Link | null } {
  const shared: Omit<Link, 'url'> = {
    headers: apiKey === undefined ? {} : { [KEY_HEADER]: apiKey },
    pace: new Pace(clock, apiKey === undefined ? Infinity : KEYED_REQUESTS_PER_SECOND),
    judgeStatus: judgeTronStatus,
  }
  return {
    node: { ...shared, url },
    solidity: { ...shared, url: solidityUrl },
    rpc: jsonrpcUrl === undefined ? null : { ...shared, url: jsonrpcUrl },
  }
}

/** A header without the block's transactions; `height` null asks for the newest. Null when it is not there. */
async function askHeader(
  api: NodeApi,
  path: NodePath,
  height: number | null,
): Promise<BlockHeader | null> {
  const which = height === null ? {} : { id_or_num: String(height) }
  return readHeader(await api.ask(path, { ...which, detail: false }), height)
}
