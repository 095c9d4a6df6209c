import type { Address, ChainId, Family } from '../../../src/domain/chain.ts'
import { adapterFor } from '../../../src/source/index.ts'
import { PLAIN_RULES, type BlockRules } from './chain.ts'
import { evmChainNumber } from './evm-node.ts'
import { EvmSpeech } from './evm-wire.ts'
import type { Speaker, Speech } from './speech.ts'
import { TronSpeech } from './tron-speech.ts'
import { blockId } from './tron-wire.ts'
import type { SimBlock } from './transaction.ts'

/** What is peculiar to the chains of a family in this world; all else is the same for them. */
export interface SimFamily {
  readonly rules: BlockRules
  readonly chainIdOf: (genesis: SimBlock) => ChainId
  /** In an asset's CAIP-19 id. */
  readonly assetNamespace: string
  /** How people write an address of theirs: all mean the same. */
  readonly spellings: (address: Address) => readonly string[]
  readonly speak: (speaker: Speaker) => Speech
}

export const FAMILIES: Readonly<Record<Family, SimFamily>> = {
  evm: {
    rules: PLAIN_RULES,
    chainIdOf: (genesis) => `eip155:${evmChainNumber(genesis)}`,
    assetNamespace: 'erc20',
    spellings: (address) => [address, adapterFor('evm').codec.formatAddress(address)],
    speak: (speaker) => new EvmSpeech(speaker),
  },
  tron: {
    rules: { idOf: blockId, hasSlots: true },
    chainIdOf: ({ hash }) => `tron:${Number.parseInt(hash.slice(-8), 16)}`,
    assetNamespace: 'trc20',
    spellings: (address) => [
      adapterFor('tron').codec.formatAddress(address),
      `41${address.slice(2)}`,
    ],
    speak: (speaker) => new TronSpeech(speaker),
  },
}
