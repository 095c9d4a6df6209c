import type { TestContext } from 'node:test'
import type { ChainConfig } from '../../src/config/config.ts'
import type { FinalityRule } from '../../src/domain/chain.ts'
import type { ChainSource } from '../../src/domain/source.ts'
import type { Env } from '../../src/lib/env.ts'
import { adapterFor, undiciHttp, type RpcHttp, type SourceDeps } from '../../src/source/index.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { Report } from '../../src/telemetry/report.ts'
import { evmConfig } from './evm-chain.ts'
import { CONTRACT, type FakeNode } from './fake-node.ts'

/** Time that passes only where somebody sleeps, and then at once: a second after the fake chain's tenth block. */
export class TestClock {
  ms = 1_700_000_010_000
  readonly slept: number[] = []

  now(): Date {
    return new Date(this.ms)
  }

  monotonicMs(): number {
    return this.ms
  }

  async sleep(ms: number): Promise<void> {
    this.slept.push(ms)
    this.ms += ms
  }
}

export interface FakeSource {
  readonly source: ChainSource
  readonly clock: TestClock
  /** Log lines at `warn` and above. */
  readonly lines: Record<string, unknown>[]
  readonly deps: SourceDeps
  readonly config: ChainConfig
}

export interface FakeSourceOptions {
  readonly http?: RpcHttp
  readonly finality?: FinalityRule
  /** Query of the providers' URLs, such as a key. */
  readonly query?: string
}

/** A source over real HTTP to fake nodes, named `first`, `second`, … in its reports. */
export async function openFakeSource(
  t: TestContext,
  nodes: readonly FakeNode[],
  options: FakeSourceOptions = {},
): Promise<FakeSource> {
  const { clock, lines, deps } = fakeDeps(options.http)
  const config = fakeConfig(nodes, options)
  const source = await adapterFor('evm').open(config, deps)
  t.after(() => source.close())
  return { source, clock, lines, deps, config }
}

export function fakeConfig(
  nodes: readonly Pick<FakeNode, 'url'>[],
  options: FakeSourceOptions = {},
): ChainConfig {
  const urls = nodes.map(({ url }) => url)
  const config = evmConfig({ urls, contract: CONTRACT })
  const names = ['first', 'second', 'third']
  return {
    ...config,
    chain: { ...config.chain, ...(options.finality && { finality: options.finality }) },
    providers: urls.map((url, index) => ({
      name: names[index] ?? `${index}`,
      url: url + (options.query ?? ''),
    })),
  }
}

export function fakeDeps(http = undiciHttp()): Pick<FakeSource, 'clock' | 'lines' | 'deps'> {
  const clock = new TestClock()
  const lines: Record<string, unknown>[] = []
  const write = (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>)
  const report = new Report(createLogger({ level: 'warn', destination: { write } }), new Metrics())
  const env: Env = {
    clock,
    random: { bytes: (count) => Buffer.alloc(count, 7), fraction: () => 0.5 },
  }
  return { clock, lines, deps: { env, report, http } }
}
