import type { TestContext } from 'node:test'
import type { ChainConfig, ProviderConfig } from '../../src/config/config.ts'
import type { Address } from '../../src/domain/chain.ts'
import type { ChainSource } from '../../src/domain/source.ts'
import { adapterFor, type SourceDeps } from '../../src/source/index.ts'
import { fakeDeps, type TestClock } from './fake-source.ts'
import type { TronNode } from './tron-node.ts'

export const TRON_RAIL_ID = 'tron-recorded/usdt'
/** The last four bytes of the recorded genesis block's id, `0x079a968c`. */
export const TRON_CHAIN_ID = 'tron:127571596'

export interface TronSettings {
  readonly contract: Address
  readonly providers: readonly ProviderConfig[]
  readonly rail?: string
}

/** The configuration that chain files and the environment would have given. */
export function tronConfig({
  contract,
  providers,
  rail = TRON_RAIL_ID,
}: TronSettings): ChainConfig {
  return {
    chain: {
      id: TRON_CHAIN_ID,
      slug: 'tron-recorded',
      name: 'Recorded TRON',
      family: 'tron',
      blockTimeSeconds: 3,
      finality: { kind: 'finalized' },
      reorgWindow: 64,
    },
    rails: [
      {
        rail: {
          id: rail,
          chainId: TRON_CHAIN_ID,
          asset: 'usdt',
          symbol: 'USDT',
          assetId: `${TRON_CHAIN_ID}/trc20:${contract}`,
          contract,
          decimals: 6,
          minimumAmount: 1n,
        },
        defaultPolicy: {
          minimumAmount: 1n,
          bands: [{ upTo: null, rule: { confirmations: 1, finality: false }, providers: 1 }],
          onFinalityStall: 'hold',
        },
      },
    ],
    providers,
    websocketUrl: null,
    start: 0,
    pollMs: 1_500,
  }
}

export interface TronSourceOptions extends Omit<TronSettings, 'providers'> {
  /** Whether ranges may be read by JSON-RPC, as where a provider's JSON-RPC URL is configured. */
  readonly jsonrpc?: boolean
  readonly apiKey?: string
}

export interface TronSource {
  readonly source: ChainSource
  readonly clock: TestClock
  /** Log lines at `warn` and above. */
  readonly lines: Record<string, unknown>[]
  readonly deps: SourceDeps
}

/** A source over real HTTP to nodes made of recordings, closed when the test ends. */
export async function openTronSource(
  t: TestContext,
  nodes: readonly TronNode[],
  { jsonrpc = false, apiKey, ...settings }: TronSourceOptions,
): Promise<TronSource> {
  const providers = nodes.map(({ url, solidityUrl, jsonrpcUrl }, index) => ({
    name: ['first', 'second', 'third'][index] ?? `${index}`,
    url,
    solidityUrl,
    ...(jsonrpc ? { jsonrpcUrl } : {}),
    ...(apiKey === undefined ? {} : { apiKey }),
  }))
  const { clock, lines, deps } = fakeDeps()
  const source = await adapterFor('tron').open(tronConfig({ ...settings, providers }), deps)
  t.after(() => source.close())
  return { source, clock, lines, deps }
}
