import type { TestContext } from 'node:test'
import { mine } from '../../../src/dev/anvil-control.ts'
import { TOKEN_ADDRESS, transfer } from '../../../src/dev/token/token.ts'
import type { Address, RailId } from '../../../src/domain/chain.ts'
import { evmCodec } from '../../../src/source/evm/codec.ts'
import { tronCodec } from '../../../src/source/tron/codec.ts'
import { tokenNode } from '../../support/anvil-world.ts'
import { openDevnet } from '../../support/devnet-chain.ts'
import {
  ANVIL_USDT,
  anvilChain,
  DEVNET_USDT,
  devnetChain,
  explainWorld,
  type ExplainWorld,
} from './world.ts'

/** A world in which what follows is the same on every chain. */
export interface RailWorld extends ExplainWorld {
  readonly rail: RailId
  /** In a block; the hash as the chain's explorers print it. */
  readonly pay: (to: Address, amount: bigint) => Promise<string>
  readonly mine: (blocks: number) => Promise<void>
  readonly text: (address: Address) => string
}

/** One rail of each family. */
export const RAILS: Readonly<Record<string, (t: TestContext) => Promise<RailWorld>>> = {
  async evm(t) {
    const anvil = await tokenNode(t)
    const pay: RailWorld['pay'] = (to, amount) =>
      transfer(anvil.url, { token: TOKEN_ADDRESS, to, amount })
    return Object.assign(await explainWorld(t, [anvilChain(anvil.url)]), {
      rail: ANVIL_USDT,
      pay,
      mine: (blocks: number) => mine(anvil.url, blocks),
      text: (address: Address) => evmCodec.formatAddress(address),
    })
  },
  async tron(t) {
    const { devnet, mined } = await openDevnet(t)
    devnet.mine(2)
    return Object.assign(await explainWorld(t, [devnetChain(devnet.main)]), {
      rail: DEVNET_USDT,
      pay: async (to: Address, amount: bigint) => tronCodec.formatHash(await mined(to, amount)),
      mine: async (blocks: number) => void devnet.mine(blocks),
      text: (address: Address) => tronCodec.formatAddress(address),
    })
  },
}
