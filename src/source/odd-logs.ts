import type { Chain } from '../domain/chain.ts'
import type { Report } from '../telemetry/report.ts'

/**
 * Says that a watched contract logged, as a transfer, what is none: once per contract, for whoever can make a
 * contract log this can make it log a million of them.
 */
export class OddLogs {
  readonly #chain: Chain
  readonly #report: Report
  readonly #said = new Set<unknown>()

  constructor(chain: Chain, report: Report) {
    this.#chain = chain
    this.#report = report
  }

  report(log: { readonly address?: unknown }): void {
    if (this.#said.has(log.address)) return
    this.#said.add(log.address)
    this.#report.oddLog(this.#chain, log)
  }
}
