import type { ChainFacts } from '../config/chain-files.ts'
import type { Address, ChainId, Codec, Rail, RailId } from '../domain/chain.ts'
import { AppError } from '../domain/error.ts'
import type { Hex } from '../lib/hex.ts'

/** A rail, and how its chain reads and prints addresses and hashes. */
export interface RailEntry {
  readonly rail: Rail
  readonly codec: Codec
}

export interface FoundAddress {
  readonly address: Address
  readonly chainIds: readonly ChainId[]
}

/** The rails of some chains, by id: in the daemon, of those it was configured with. */
export class RailBook {
  readonly #entries: ReadonlyMap<RailId, RailEntry>
  readonly #codecs: readonly Codec[]

  constructor(chains: readonly ChainFacts[], codecs: (chainId: ChainId) => Codec) {
    this.#codecs = [...new Set(chains.map(({ chain }) => codecs(chain.id)))]
    this.#entries = new Map(
      chains.flatMap(({ chain, rails }) =>
        rails.map(({ rail }) => [rail.id, { rail, codec: codecs(chain.id) }] as const),
      ),
    )
  }

  find(rail: RailId): RailEntry | null {
    return this.#entries.get(rail) ?? null
  }

  /** For rails that rows speak of: what was recorded must stay readable. */
  recorded(rail: RailId): RailEntry {
    const entry = this.find(rail)
    if (entry !== null) return entry
    throw new AppError('misconfigured', `${rail} is on record but not under chains/; put it back`)
  }

  parseAddress(text: string, rail?: RailId): Address {
    return this.findAddress(text, rail).address
  }

  /** With the chains on which the text is that address: the same bytes on others are other addresses. */
  findAddress(text: string, rail?: RailId): FoundAddress {
    const what = `address: "${text}"`
    const read = (codec: Codec) => codec.parseAddress(text)
    const { value, by } = this.#parse('invalid_address', what, rail, read)
    const own = [...this.#entries.values()].filter(({ codec }) => codec === by)
    return { address: value, chainIds: [...new Set(own.map((entry) => entry.rail.chainId))] }
  }

  parseTxHash(text: string, rail?: RailId): Hex {
    const read = (codec: Codec) => codec.parseHash(text)
    return this.#parse('invalid_request', `tx_hash: "${text}"`, rail, read).value
  }

  /** Without a rail any chain's form will do: the first that can read the text decides, else all say why not. */
  #parse(
    code: 'invalid_address' | 'invalid_request',
    what: string,
    rail: RailId | undefined,
    read: (codec: Codec) => Hex,
  ): { readonly value: Hex; readonly by: Codec } {
    const entry = rail === undefined ? null : this.find(rail)
    const codecs = entry === null ? this.#codecs : [entry.codec]
    const reasons: string[] = []
    for (const codec of codecs) {
      try {
        return { value: read(codec), by: codec }
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        reasons.push(error.message)
      }
    }
    const reason = reasons.length === 0 ? 'no configured chain reads it' : reasons.join('; ')
    throw new AppError(code, `${what} is refused: ${reason}`)
  }
}
