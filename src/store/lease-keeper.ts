import type { Env } from '../lib/env.ts'
import type { Actor, Outcome } from '../lib/loop.ts'
import type { Report } from '../telemetry/report.ts'
import type { Db } from './database.ts'
import { LEASE_MS, acquireLease, releaseLease, type Lease } from './lease.ts'

/**
 * Takes a lease, keeps it renewed, and says whether we may write. `current()` also looks at our own monotonic
 * clock, so that a daemon that was paused past its lease stands back before it even asks; the fence is what
 * really stops it.
 */
export class LeaseKeeper implements Actor {
  readonly name: string
  readonly #db: Db
  readonly #env: Env
  readonly #report: Report
  readonly #leaseName: string
  readonly #holder: string
  #lease: Lease | null = null
  #renewedMs = 0

  constructor(leaseName: string, holder: string, deps: { db: Db; env: Env; report: Report }) {
    this.name = `lease:${leaseName}`
    this.#leaseName = leaseName
    this.#holder = holder
    this.#db = deps.db
    this.#env = deps.env
    this.#report = deps.report
    deps.report.leaseWanted(leaseName)
  }

  readonly current = (): Lease | null => {
    const ageMs = this.#env.clock.monotonicMs() - this.#renewedMs
    return ageMs < LEASE_MS ? this.#lease : null
  }

  async tick(): Promise<Outcome> {
    const askedMs = this.#env.clock.monotonicMs()
    try {
      this.#hold(await acquireLease(this.#db, this.#leaseName, this.#holder))
    } catch (error) {
      // Without this a daemon that is cut off from its database would go on saying that it leads.
      if (this.current() === null) this.#hold(null)
      throw error
    }
    this.#renewedMs = askedMs
    return { pace: 'idle', name: this.#lease === null ? 'standby' : 'held' }
  }

  #hold(lease: Lease | null): void {
    const before = this.#lease
    this.#lease = lease
    if ((before === null) !== (lease === null)) this.#report.lease(this.#leaseName, lease !== null)
  }

  /** Hands the lease over at once. Called when nothing writes under it any more. */
  async release(): Promise<void> {
    const lease = this.#lease
    this.#lease = null
    if (lease !== null) await releaseLease(this.#db, lease)
  }
}
