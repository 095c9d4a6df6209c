import type { ChainConfig } from '../config/config.ts'
import type { AuditSource } from '../domain/audit.ts'
import type { Codec } from '../domain/chain.ts'
import type { ChainSource } from '../domain/source.ts'
import type { TransactionSource } from '../domain/transaction.ts'
import type { Env } from '../lib/env.ts'
import type { Report } from '../telemetry/report.ts'
import type { RpcHttp } from './wire/http.ts'

export interface SourceDeps {
  readonly env: Env
  readonly report: Report
  readonly http: RpcHttp
}

/** What the daemon lives by, and what people may ask of it beside. */
export interface OpenSource extends ChainSource, TransactionSource {
  readonly audit: AuditSource
}

/** What a protocol family is to the rest of settled. */
export interface FamilyAdapter {
  readonly codec: Codec
  /**
   * Opens a chain. Providers that do not answer yet are no error, they are asked again later; `AppError`
   * `chain_mismatch` when all of them serve another chain.
   */
  open(config: ChainConfig, deps: SourceDeps): Promise<OpenSource>
  /** Looks at every provider once, for `settled doctor`. */
  diagnose(config: ChainConfig, deps: SourceDeps): Promise<Finding[]>
}

/** One observation about a provider. */
export interface Finding {
  readonly provider: string
  readonly check: string
  readonly level: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** What to do about it; null when all is well. */
  readonly remedy: string | null
}
