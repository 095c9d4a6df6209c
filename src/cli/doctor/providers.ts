import type { ChainConfig } from '../../config/config.ts'
import { adapterFor, undiciHttp } from '../../source/index.ts'
import { createLogger } from '../../telemetry/logger.ts'
import { Metrics } from '../../telemetry/metrics.ts'
import { Report } from '../../telemetry/report.ts'
import type { CliContext } from '../context.ts'
import { fail, reasonOf, type Check } from './check.ts'

export async function examineProviders({ env }: CliContext, config: ChainConfig): Promise<Check[]> {
  const { slug, family } = config.chain
  // The findings say it all; log lines between them would only be in the way.
  const report = new Report(createLogger({ level: 'silent' }), new Metrics())
  try {
    const findings = await adapterFor(family).diagnose(config, { env, report, http: undiciHttp() })
    return findings.map(({ provider, check, level, detail, remedy }) => ({
      name: `${slug}, ${provider}: ${check}`,
      level,
      detail,
      remedy,
    }))
  } catch (error) {
    const remedy = 'check SETTLED_CHAINS and the RPC URLs of this chain'
    return [fail(`${slug}, providers`, reasonOf(error), remedy)]
  }
}
