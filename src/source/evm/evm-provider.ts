import type { ChainConfig, ProviderConfig } from '../../config/config.ts'
import type { ChainId } from '../../domain/chain.ts'
import type { SourceDeps } from '../adapter.ts'
import { Provider, type FinalityAt } from '../pool/provider.ts'
import { RememberedHead } from '../pool/remembered-head.ts'
import { Span, type SpanRules } from '../pool/span.ts'
import { judgeHaste } from '../wire/exchange.ts'
import { isFailure, ProviderFailure } from '../wire/failure.ts'
import { readQuantity, toQuantity } from '../wire/hex-field.ts'
import type { RpcCall } from '../wire/json-rpc.ts'
import { RpcClient } from '../wire/rpc-client.ts'
import { readHeader, type EvmHeader } from './header.ts'

/** Fifteen thousand logs are some 10 MB of JSON. */
export const EVM_SPAN: SpanRules = { first: 128, max: 10_000, transfersWanted: 15_000 }

export type BlockTag = number | 'latest' | 'finalized'

export function headerCall(block: BlockTag): RpcCall {
  const param = typeof block === 'number' ? toQuantity(block) : block
  return { method: 'eth_getBlockByNumber', params: [param, false] }
}

/** A provider that speaks Ethereum's JSON-RPC. */
export class EvmProvider extends Provider {
  readonly client: RpcClient
  readonly span = new Span(EVM_SPAN)
  readonly #remembered: RememberedHead<EvmHeader>

  constructor(config: ChainConfig, provider: ProviderConfig, deps: SourceDeps) {
    super(config, provider, deps)
    const caller = { chain: config.chain.slug, provider: provider.name }
    this.client = new RpcClient(caller, { url: provider.url, judgeStatus: judgeHaste }, deps)
    this.#remembered = new RememberedHead(deps.env.clock)
  }

  override async header(block: BlockTag): Promise<EvmHeader | null> {
    let raw: unknown
    try {
      raw = await this.client.call(headerCall(block))
    } catch (error) {
      if (isFailure(error, 'unknown_block')) return null
      throw error
    }
    return readAnswer(raw, block)
  }

  override async head(): Promise<EvmHeader> {
    const header = await this.header('latest')
    if (header === null) throw new ProviderFailure('garbled', 'there is no latest block')
    return this.#remembered.keep(header)
  }

  /** By depth: the newest block that has as many confirmations as the rule asks for, its own block included. */
  override async finalized(): Promise<EvmHeader | null> {
    if (this.chain.finality.kind === 'finalized') return this.header('finalized')
    const head = await this.head()
    const height = this.#finalHeight(head.height)
    if (height < 0) return null
    // Another node than the head's may answer now, on another branch: it has to show that very head above the block.
    const [top, block] = await this.#together([head.height, height])
    return top?.hash === head.hash ? (block ?? null) : null
  }

  override async finalityAt(height: number): Promise<FinalityAt> {
    const tag = this.chain.finality.kind === 'finalized' ? 'finalized' : 'latest'
    const [top, shown = null] = await this.#together([tag, height])
    return { finalHeight: top ? this.#finalHeight(top.height) : null, shown }
  }

  /** The header of a block it has just named as its head, which need not be asked for again. */
  rememberedHead(height: number): EvmHeader | null {
    const head = this.#remembered.header
    return head?.height === height ? head : null
  }

  protected override async readChainId(): Promise<ChainId> {
    const answer = await this.client.call({ method: 'eth_chainId', params: [] })
    return `eip155:${readQuantity(answer, 'chainId')}`
  }

  protected override forget(): void {
    this.#remembered.forget()
  }

  /** Of the head, or of the tag that says so itself. */
  #finalHeight(top: number): number {
    const { finality } = this.chain
    return finality.kind === 'depth' ? top - finality.blocks + 1 : top
  }

  /** Headers in one batch, so that one node answers; none where it does not have one of them. */
  async #together(blocks: readonly BlockTag[]): Promise<(EvmHeader | null)[]> {
    try {
      const raw = await this.client.callAll(blocks.map(headerCall))
      return blocks.map((block, index) => readAnswer(raw[index] ?? null, block))
    } catch (error) {
      if (isFailure(error, 'unknown_block')) return []
      throw error
    }
  }
}

function readAnswer(raw: unknown, block: BlockTag): EvmHeader | null {
  return raw === null ? null : readHeader(raw, typeof block === 'number' ? block : null)
}
