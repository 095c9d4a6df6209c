import type { ChainConfig } from '../../config/config.ts'
import type { Finding, SourceDeps } from '../adapter.ts'

export async function diagnose(_config: ChainConfig, _deps: SourceDeps): Promise<Finding[]> {
  return []
}
