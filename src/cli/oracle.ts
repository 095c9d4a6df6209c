import type { ChainConfig } from '../config/config.ts'
import { AppError } from '../domain/error.ts'
import type { Oracle } from '../explain/ask.ts'
import { adapterFor, undiciHttp, type OpenSource } from '../source/index.ts'
import { createLogger } from '../telemetry/logger.ts'
import { Metrics } from '../telemetry/metrics.ts'
import { Report } from '../telemetry/report.ts'
import type { CliContext } from './context.ts'

/** A chain's providers for one command, which closes what it finds in `opened`; or why they cannot be asked. */
export async function openOracle(
  { env }: CliContext,
  config: ChainConfig,
  opened: OpenSource[],
): Promise<Oracle> {
  const report = new Report(createLogger({ level: 'silent' }), new Metrics())
  try {
    const deps = { env, report, http: undiciHttp() }
    const source = await adapterFor(config.chain.family).open(config, deps)
    opened.push(source)
    return { source }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { absence: error.message }
  }
}
