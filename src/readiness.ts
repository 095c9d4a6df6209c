import { readCursor } from './block/block-store.ts'
import type { ChainConfig } from './config/config.ts'
import type { Chain } from './domain/chain.ts'
import type { Probe } from './http/readiness.ts'
import type { Clock } from './lib/clock.ts'
import type { Db } from './store/database.ts'
import { pendingMigrations } from './store/migrate.ts'

/** A tip older than this many block times is stale; at least STALE_SECONDS_MIN, for chains with fast blocks. */
const STALE_BLOCKS = 20
const STALE_SECONDS_MIN = 60

export function staleAfterSeconds(chain: Chain): number {
  return Math.max(STALE_SECONDS_MIN, STALE_BLOCKS * chain.blockTimeSeconds)
}

/** What must hold before this daemon calls itself ready, each with a sentence for the person who is woken up. */
export function probesOf(
  db: Db,
  clock: Clock,
  chains: readonly ChainConfig[],
  refused: ReadonlyMap<string, string>,
): Probe[] {
  const database: Probe = {
    name: 'database',
    async check() {
      const pending = await pendingMigrations(db)
      return pending.length === 0 ? null : `lacks ${pending.join(', ')}: run "settled migrate"`
    },
  }
  const perChain = chains.map(({ chain }): Probe => ({
    name: `chain:${chain.slug}`,
    async check() {
      const refusal = refused.get(chain.id)
      if (refusal !== undefined) return refusal
      const cursor = await readCursor(db, chain.id)
      if (cursor === null) return 'no block yet: the first one has not been read'
      if (cursor.halt !== null) {
        return `halted (${cursor.halt.reason}): see "settled chain list", which says what to do`
      }
      const ageSeconds = Math.round((clock.now().getTime() - cursor.updatedAt.getTime()) / 1000)
      if (ageSeconds <= staleAfterSeconds(chain)) return null
      return `no progress for ${ageSeconds} s at height ${cursor.height}: run "settled doctor"`
    },
  }))
  return [database, ...perChain]
}
