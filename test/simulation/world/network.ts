import type { ChainConfig } from '../../../src/config/config.ts'
import type { Address, ChainId, Codec, Rail } from '../../../src/domain/chain.ts'
import { required } from '../../../src/lib/assert.ts'
import { adapterFor } from '../../../src/source/index.ts'
import type { Coverage } from '../coverage.ts'
import type { ChainProfile } from '../profile.ts'
import type { Transcript } from '../transcript.ts'
import { SimChain } from './chain.ts'
import type { Dice } from './dice.ts'
import { FAMILIES, type SimFamily } from './family.ts'
import { isForgery, type Forgery } from './forgery.ts'
import { SimProvider } from './providers.ts'
import type { WorldTime } from './time.ts'
import { Traffic } from './traffic.ts'

/** Who is paid with what: the same on all chains of a world, so that nothing but the chain tells one from another. */
export interface Cast {
  readonly tokens: readonly Address[]
  readonly fakes: readonly Address[]
  readonly customers: readonly Address[]
}

export interface NetworkDeps {
  readonly dice: Dice
  readonly time: WorldTime
  readonly coverage: Coverage
  readonly transcript: Transcript
  readonly cast: Cast
}

/** One chain as it is, what happens on it, and who tells of it. */
export class Network {
  readonly slug: string
  readonly profile: ChainProfile
  readonly family: SimFamily
  readonly chain: SimChain
  readonly chainId: ChainId
  /** How the chain's addresses and hashes are written for people. */
  readonly codec: Codec
  readonly traffic: Traffic
  readonly rails: readonly Rail[]
  readonly providers: readonly SimProvider[]

  constructor(slug: string, profile: ChainProfile, deps: NetworkDeps) {
    const { dice, time, coverage, transcript, cast } = deps
    this.slug = slug
    this.profile = profile
    this.family = FAMILIES[profile.family]
    const { rules, chainIdOf, speak } = this.family
    this.chain = new SimChain(dice.fork('chain'), time.nowMs - 400 * profile.blockMs, rules)
    this.chainId = chainIdOf(this.chain.tip)
    this.codec = adapterFor(profile.family).codec
    this.rails = cast.tokens.map((contract, index) =>
      this.#rail(contract, index === 0 ? 'usdt' : 'usdc'),
    )
    const { perBlock, family } = profile
    this.traffic = new Traffic(dice.fork('traffic'), { ...cast, perBlock, family })
    this.providers = profile.providers.map((provider, index) => {
      const own = dice.fork(`provider ${index}`)
      const told = { chain: this.chain, time, dice: own, coverage, transcript, speak }
      return new SimProvider(`${slug}-node-${index}`, provider, told)
    })
  }

  get config(): ChainConfig {
    const { blockMs, finality, family } = this.profile
    return {
      chain: {
        id: this.chainId,
        slug: this.slug,
        name: 'Simulated',
        family,
        blockTimeSeconds: blockMs / 1_000,
        finality:
          finality.rule === 'depth'
            ? { kind: 'depth', blocks: finality.lag + 1 }
            : { kind: 'finalized' },
        reorgWindow: 64,
      },
      rails: this.rails.map((rail) => ({
        rail,
        defaultPolicy: {
          minimumAmount: rail.minimumAmount,
          bands: [{ upTo: null, rule: { confirmations: 3, finality: false }, providers: 1 }],
          onFinalityStall: 'hold',
        },
      })),
      providers: this.providers.map(({ config }) => config),
      websocketUrl: null,
      start: 0,
      pollMs: 1_000,
    }
  }

  /** Whether some provider shows a transfer where there is none. */
  isForged(shown: Forgery): boolean {
    return this.providers.some(({ forged }) => isForgery(forged, shown))
  }

  #rail(contract: Address, asset: string): Rail {
    return {
      id: `${this.slug}/${asset}`,
      chainId: this.chainId,
      asset,
      symbol: asset.toUpperCase(),
      assetId: `${this.chainId}/${this.family.assetNamespace}:${this.codec.formatAddress(contract)}`,
      contract,
      decimals: 6,
      minimumAmount: 10_000n,
    }
  }
}

/** The chain that a rail is on. */
export function networkOf(rail: string, networks: readonly Network[]): Network {
  const network = networks.find(({ rails }) => rails.some(({ id }) => id === rail))
  return required(network, `${rail} is on a chain of this world`)
}
