import type { Hex } from '../lib/hex.ts'

/** CAIP-2 id of one network, such as `eip155:1`. */
export type ChainId = string

/** Which protocol family speaks for a chain; each has one folder under `source/`. */
export type Family = 'evm' | 'tron'

/** Twenty bytes, whatever the chain prints them as. The same twenty bytes on two chains are two addresses. */
export type Address = Hex

/**
 * How a chain says "irreversible": `finalized` asks the protocol (the EVM tag, TRON's solidified block);
 * `depth` is for chains without such a word, where a number of blocks stands in for it.
 */
export type FinalityRule =
  | { readonly kind: 'finalized' }
  | { readonly kind: 'depth'; readonly blocks: number }

/** Reviewed facts about one chain, from `chains/<slug>/chain.yaml`. */
export interface Chain {
  readonly id: ChainId
  readonly slug: string
  readonly name: string
  readonly family: Family
  readonly blockTimeSeconds: number
  readonly finality: FinalityRule
  /** Linked blocks we keep below the finalized one, as evidence of how deep a reorg went that we must not follow. */
  readonly reorgWindow: number
}

/** One asset on one chain, from `chains/<slug>/<asset>.yaml`. */
export interface Rail {
  /** `<chain slug>/<asset>`, such as `ethereum/usdt`. */
  readonly id: RailId
  readonly chainId: ChainId
  readonly asset: string
  readonly symbol: string
  /** CAIP-19 id of the asset. */
  readonly assetId: string
  readonly contract: Address
  readonly decimals: number
  /** Transfers below this many base units are no deposits (dust, address poisoning). At least 1. */
  readonly minimumAmount: bigint
}

export type RailId = string

/** How a family reads and prints addresses and hashes. Parsing verifies checksums and throws `AppError`. */
export interface Codec {
  parseAddress(text: string): Address
  formatAddress(address: Address): string
  parseHash(text: string): Hex
  formatHash(hash: Hex): string
}
