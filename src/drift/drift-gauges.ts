import type { ChainConfig } from '../config/config.ts'
import { FINDING_KINDS } from '../domain/finding.ts'
import type { Actor, Outcome } from '../lib/loop.ts'
import type { Db } from '../store/database.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { auditStandings, type AuditStanding } from './audit-store.ts'
import { countFindings } from './finding-read-store.ts'

/** Of proofs and of balances. */
const OUTCOMES = ['match', 'mismatch', 'unavailable']

type AuditedChain = Pick<ChainConfig, 'chain' | 'isAudited'>

/** Says how far the second look has come and which findings stand. The database knows: any daemon says the same. */
export class DriftGauges implements Actor {
  readonly name = 'drift_gauges'
  readonly #db: Db
  readonly #metrics: Metrics
  readonly #chains: readonly AuditedChain[]

  constructor(db: Db, metrics: Metrics, chains: readonly AuditedChain[]) {
    this.#db = db
    this.#metrics = metrics
    this.#chains = chains
    // A counter that is not there before its first increase hides that increase from `rate`.
    for (const { slug: chain } of chains.map((it) => it.chain)) {
      metrics.increment('drift_blocks_audited_total', { chain }, 0)
      for (const outcome of OUTCOMES) {
        metrics.increment('drift_proofs_total', { chain, outcome }, 0)
        metrics.increment('drift_balances_total', { chain, outcome }, 0)
      }
    }
  }

  async tick(): Promise<Outcome> {
    const [counts, standings] = await Promise.all([
      countFindings(this.#db),
      auditStandings(this.#db),
    ])
    this.#metrics.reset('drift_findings_open')
    for (const { chain: facts, isAudited } of this.#chains) {
      const { id, slug: chain } = facts
      for (const [kind, severity] of Object.entries(FINDING_KINDS)) {
        this.#metrics.set('drift_findings_open', 0, { chain, kind, severity })
      }
      for (const { kind, severity, count } of counts.filter(({ chainId }) => chainId === id)) {
        this.#metrics.set('drift_findings_open', count, { chain, kind, severity })
      }
      // No series, so that no alert misses what nobody asked for.
      if (isAudited !== false) this.#setStanding(chain, standings.get(id))
    }
    return { pace: 'idle', name: 'set' }
  }

  #setStanding(chain: string, standing: AuditStanding | undefined): void {
    const completedMs = standing?.completedAt?.getTime() ?? 0
    this.#metrics.set('drift_audited_height', standing?.auditedHeight ?? 0, { chain })
    this.#metrics.set('drift_coverage_gap_blocks', standing?.gapBlocks ?? 0, { chain })
    this.#metrics.set('drift_last_round_timestamp_seconds', completedMs / 1_000, { chain })
  }
}
