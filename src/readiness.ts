import { readCursor } from './block/block-store.ts'
import type { HeadSight } from './block/head-sight.ts'
import type { ChainConfig } from './config/config.ts'
import type { Chain, ChainId } from './domain/chain.ts'
import type { Probes } from './http/readiness.ts'
import type { Clock } from './lib/clock.ts'
import { isOutage, outageReason } from './lib/outage.ts'
import type { Db } from './store/database.ts'
import { pendingMigrations } from './store/migrate.ts'

/** A tip older than this many block times is stale; at least STALE_SECONDS_MIN, for chains with fast blocks. */
const STALE_BLOCKS = 20
const STALE_SECONDS_MIN = 60
/** Looks at the head come at least as often as blocks or polls: three without an answer are no coincidence. */
const BLIND_LOOKS = 3
/** Below it, one slow answer or a change of providers would be an alarm. */
const BLIND_SECONDS_MIN = 15

export function staleAfterSeconds(chain: Chain): number {
  return Math.max(STALE_SECONDS_MIN, STALE_BLOCKS * chain.blockTimeSeconds)
}

function blindAfterSeconds({ chain, pollMs }: ChainConfig): number {
  return Math.max(BLIND_SECONDS_MIN, BLIND_LOOKS * Math.max(chain.blockTimeSeconds, pollMs / 1_000))
}

export interface ReadinessParts {
  readonly db: Db
  readonly clock: Clock
  readonly chains: readonly ChainConfig[]
  /** Chains that did not start, with the reason. */
  readonly refused: ReadonlyMap<ChainId, string>
  /** Of the chains that did. */
  readonly sights: ReadonlyMap<ChainId, HeadSight>
}

/** What must hold before this daemon calls itself well, each with a sentence for the person who is woken up. */
export function probesOf(parts: ReadinessParts): Probes {
  return {
    database: () => unlessOutage(() => examineSchema(parts.db), describeOutage),
    chains: parts.chains.map((config) => ({
      chain: config.chain.slug,
      check: async () =>
        describeBlindness(config, parts) ??
        (await unlessOutage(
          () => examineCursor(config, parts),
          () => 'unknown while the database cannot be reached',
        )),
    })),
  }
}

async function unlessOutage(
  examine: () => Promise<string | null>,
  otherwise: (outage: Error) => string,
): Promise<string | null> {
  try {
    return await examine()
  } catch (error) {
    if (isOutage(error)) return otherwise(error)
    throw error
  }
}

function describeOutage(outage: Error): string {
  return `cannot be reached: ${outageReason(outage)}; look at PostgreSQL and DATABASE_URL`
}

async function examineSchema(db: Db): Promise<string | null> {
  const pending = await pendingMigrations(db)
  return pending.length === 0 ? null : `lacks ${pending.join(', ')}: run "settled migrate"`
}

/** What this daemon knows by itself: that it never started the chain, or that nobody shows it the head. */
function describeBlindness(
  config: ChainConfig,
  { refused, sights }: Pick<ReadinessParts, 'refused' | 'sights'>,
): string | null {
  const { id } = config.chain
  const refusal = refused.get(id)
  if (refusal !== undefined) return refusal
  const blindness = sights.get(id)?.blindness() ?? null
  if (blindness === null || blindness.seconds <= blindAfterSeconds(config)) return null
  const why = blindness.reason === null ? '' : ` (${blindness.reason})`
  return `no provider has shown the head for ${blindness.seconds} s${why}: run "settled doctor"`
}

/** What the database says, whoever follows the chain. */
async function examineCursor(
  { chain }: ChainConfig,
  { db, clock }: Pick<ReadinessParts, 'db' | 'clock'>,
): Promise<string | null> {
  const cursor = await readCursor(db, chain.id)
  if (cursor === null) return 'no block yet: the first one has not been read'
  if (cursor.halt !== null) {
    return `halted (${cursor.halt.reason}): see "settled chain list", which says what to do`
  }
  const ageSeconds = Math.round((clock.now().getTime() - cursor.updatedAt.getTime()) / 1000)
  if (ageSeconds <= staleAfterSeconds(chain)) return null
  return `no progress for ${ageSeconds} s at height ${cursor.height}: run "settled doctor"`
}
