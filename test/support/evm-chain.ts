import type { TestContext } from 'node:test'
import type { ChainConfig } from '../../src/config/config.ts'
import type { Address } from '../../src/domain/chain.ts'
import type { ChainSource } from '../../src/domain/source.ts'
import { startAnvil, type AnvilOptions } from '../../src/dev/anvil.ts'
import { systemEnv } from '../../src/lib/env.ts'
import { adapterFor, undiciHttp } from '../../src/source/index.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { Report } from '../../src/telemetry/report.ts'

export const RAIL_ID = 'anvil/usdt'

/** An Anvil that ends with the test. Its `finalized` is four blocks below the head. */
export async function anvilFor(t: TestContext, options: AnvilOptions = {}): Promise<string> {
  const anvil = await startAnvil({ slotsInAnEpoch: 2, ...options })
  t.after(() => anvil.stop())
  return anvil.url
}

export interface SourceSettings {
  readonly urls: readonly string[]
  readonly contract: Address
  readonly websocketUrl?: string
  /** Lines the source logs, one JSON object each; dropped by default. */
  readonly onLog?: (line: Record<string, unknown>) => void
}

/** The configuration that chain files and the environment would have given. */
export function evmConfig({ urls, contract, websocketUrl }: SourceSettings): ChainConfig {
  const chainId = 'eip155:31337'
  return {
    chain: {
      id: chainId,
      slug: 'anvil',
      name: 'Anvil',
      family: 'evm',
      blockTimeSeconds: 1,
      finality: { kind: 'finalized' },
      reorgWindow: 64,
    },
    rails: [
      {
        rail: {
          id: RAIL_ID,
          chainId,
          asset: 'usdt',
          symbol: 'USDT',
          assetId: `${chainId}/erc20:${contract}`,
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
    providers: urls.map((url, index) => ({ name: `provider-${index + 1}`, url })),
    websocketUrl: websocketUrl ?? null,
    start: 0,
    pollMs: 100,
  }
}

/** A source over real HTTP, closed when the test ends. */
export async function openEvmSource(
  t: TestContext,
  settings: SourceSettings,
): Promise<ChainSource> {
  const { onLog } = settings
  const log = createLogger({
    level: onLog === undefined ? 'silent' : 'debug',
    destination: { write: (line) => onLog?.(JSON.parse(line) as Record<string, unknown>) },
  })
  const deps = { env: systemEnv, http: undiciHttp(), report: new Report(log, new Metrics()) }
  const source = await adapterFor('evm').open(evmConfig(settings), deps)
  t.after(() => source.close())
  return source
}
