import type { TestContext } from 'node:test'
import { loadChain } from '../../src/config/chain-files.ts'
import type { ChainConfig } from '../../src/config/config.ts'
import {
  startTronDevnet,
  type TronDevnet,
  type TronDevnetOptions,
} from '../../src/dev/tron/devnet.ts'
import type { TronNode } from '../../src/dev/tron/node.ts'
import { openTronWallet, type TronWallet } from '../../src/dev/tron/wallet.ts'
import type { Address } from '../../src/domain/chain.ts'
import { systemEnv } from '../../src/lib/env.ts'
import type { Hex } from '../../src/lib/hex.ts'
import { systemRandom } from '../../src/lib/random.ts'
import {
  adapterFor,
  undiciHttp,
  type RpcHttp,
  type SourceDeps,
  type OpenSource,
} from '../../src/source/index.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { Report } from '../../src/telemetry/report.ts'
import { TestClock } from './fake-source.ts'

export const DEVNET = loadChain('tron-devnet')
export const DEVNET_RAIL = 'tron-devnet/usdt'

/** How many blocks the solid one is behind the head, where a test does not choose. */
export const SOLID_LAG = 6

export interface Devnet {
  readonly devnet: TronDevnet
  readonly wallet: TronWallet
  /** A transfer of the watched token, pending until the next block. */
  readonly pay: (to: Address, amount: bigint) => Promise<Hex>
  /** The same in a block of its own. */
  readonly mined: (to: Address, amount: bigint) => Promise<Hex>
}

/** A devnet whose blocks come only from `mine()`, ended with the test. */
export async function openDevnet(
  t: TestContext,
  options: Partial<TronDevnetOptions> = {},
): Promise<Devnet> {
  const devnet = await startTronDevnet({ env: systemEnv, solidLag: SOLID_LAG, ...options })
  t.after(() => devnet.stop())
  const { fullUrl, solidityUrl } = devnet.main
  const { apiKey } = options
  const wallet = await openTronWallet({
    fullUrl,
    solidityUrl,
    clock: systemEnv.clock,
    ...(apiKey === undefined ? {} : { apiKey }),
  })
  const pay = (to: Address, amount: bigint): Promise<Hex> => wallet.transfer({ to, amount })
  return {
    devnet,
    wallet,
    pay,
    async mined(to, amount) {
      const txHash = await pay(to, amount)
      devnet.mine()
      return txHash
    },
  }
}

export interface DevnetSourceOptions {
  /** Whether ranges may be read by JSON-RPC; and by which, if not the node's own. */
  readonly jsonrpc?: boolean | string
  readonly apiKey?: string
  readonly http?: RpcHttp
  /** Its time passes only where somebody sleeps. */
  readonly clock?: TestClock
}

export interface DevnetSource {
  readonly source: OpenSource
  readonly config: ChainConfig
  readonly clock: TestClock
  readonly deps: SourceDeps
  readonly metrics: Metrics
  /** All lines that the source logs. */
  readonly lines: Record<string, unknown>[]
}

/** The source as the daemon opens it, a provider for each node: `first`, `second`, `third`. */
export async function openDevnetSource(
  t: TestContext,
  nodes: readonly TronNode[],
  options: DevnetSourceOptions = {},
): Promise<DevnetSource> {
  const config = devnetConfig(nodes, options)
  const observed = devnetDeps(options)
  const source = await adapterFor('tron').open(config, observed.deps)
  t.after(() => source.close())
  return { source, config, ...observed }
}

/** What the source is given, and where to look at what it said. */
export function devnetDeps({ http = undiciHttp(), clock = testClock() }: DevnetSourceOptions = {}) {
  const metrics = new Metrics()
  const lines: Record<string, unknown>[] = []
  const write = (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>)
  const report = new Report(createLogger({ level: 'debug', destination: { write } }), metrics)
  const deps: SourceDeps = { env: { clock, random: systemRandom }, report, http }
  return { clock, metrics, lines, deps }
}

/** Begins where the devnet's clock is, so that its blocks are young. */
export function testClock(): TestClock {
  const clock = new TestClock()
  clock.ms = systemEnv.clock.now().getTime()
  return clock
}

export function devnetConfig(
  nodes: readonly TronNode[],
  { jsonrpc = false, apiKey }: Pick<DevnetSourceOptions, 'jsonrpc' | 'apiKey'> = {},
): ChainConfig {
  const providers = nodes.map(({ fullUrl, solidityUrl, jsonRpcUrl }, index) => ({
    name: ['first', 'second', 'third'][index] ?? `${index}`,
    url: fullUrl,
    solidityUrl,
    ...(jsonrpc === false ? {} : { jsonrpcUrl: jsonrpc === true ? jsonRpcUrl : jsonrpc }),
    ...(apiKey === undefined ? {} : { apiKey }),
  }))
  return { ...DEVNET, providers, websocketUrl: null, start: 0, pollMs: 1_000 }
}
