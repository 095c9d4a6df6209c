import type { TestContext } from 'node:test'
import { sql } from 'kysely'
import { watchChain, type ChainWatch } from '../../src/chain-watch.ts'
import { loadChain } from '../../src/config/chain-files.ts'
import type { ChainConfig, RailConfig } from '../../src/config/config.ts'
import { savePolicy } from '../../src/confirmation/policy-store.ts'
import type { Address, Codec } from '../../src/domain/chain.ts'
import type { Policy } from '../../src/domain/policy.ts'
import type { ChainSource } from '../../src/domain/source.ts'
import { createEnvironment, enableRail } from '../../src/environment/environment-store.ts'
import { required } from '../../src/lib/assert.ts'
import { systemClock, type Clock } from '../../src/lib/clock.ts'
import type { Actor } from '../../src/lib/loop.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { registerAddresses } from '../../src/match/address-store.ts'
import type { Db } from '../../src/store/database.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { Report } from '../../src/telemetry/report.ts'
import { letLeasesLast, testDatabase, type TestDatabase } from './database.ts'

export const ENVIRONMENT = 'acme-test'
export const ANVIL = loadChain('anvil')
export const RAIL = onlyRail(ANVIL).rail

/** Hexadecimal as it is: what the flow does with addresses does not depend on how they are printed. */
export const PLAIN_CODEC: Codec = {
  parseAddress: (text) => text as Address,
  formatAddress: (address) => address,
  parseHash: (text) => text as Address,
  formatHash: (hash) => hash,
}

/** Reviewed facts, without whom to ask. */
export type WatchedChain = Pick<ChainConfig, 'chain' | 'rails'>

export interface FlowWorld {
  readonly db: Db
  readonly url: string
  readonly watch: ChainWatch
  readonly metrics: Metrics
  register(addresses: readonly Address[], watchFrom?: number): Promise<void>
  /** A second daemon on the same database and chain. */
  another(holder: string): ChainWatch
  /** Ticks actors in turn until all are idle; returns the outcomes in order. */
  run(...actors: Actor[]): Promise<string[]>
}

export interface FlowOptions {
  /** The chain and its one rail; Anvil's by default. */
  readonly watched?: WatchedChain
  readonly policy?: Policy
  readonly start?: number | 'finalized'
  /** The daemon's time; by default the machine's, though no work takes any. */
  readonly clock?: Clock
  /** Whether leases run out by themselves, for worlds in which real daemons live. */
  readonly leasesRunOut?: boolean
  /** How events print addresses and hashes; as they are by default. */
  readonly codec?: Codec
  /** Where the daemon's lines go; nowhere by default. */
  readonly report?: Report
}

/** A lease is not judged by how long the machine takes: see `letLeasesLast`. */
const NO_HASTE: Clock = { ...systemClock, monotonicMs: () => 0 }

/** One environment on Anvil's rail, a real database, and a chain source of the test's choice. */
export async function flowWorld(
  t: TestContext,
  source: ChainSource,
  options: FlowOptions = {},
): Promise<FlowWorld> {
  return flowWorldOn(await testDatabase(t), source, options)
}

/** The same on a database of the caller's, emptied first: for properties that need a fresh one per run. */
export async function flowWorldOn(
  { db, url }: TestDatabase,
  source: ChainSource,
  options: FlowOptions = {},
): Promise<FlowWorld> {
  await sql`
    truncate environment, lease, chain_cursor, block, address_epoch, rescan restart identity cascade`.execute(
    db,
  )
  if (options.leasesRunOut !== true) await letLeasesLast(db)
  const metrics = new Metrics()
  const report = options.report ?? new Report(createLogger({ level: 'silent' }), metrics)
  const env = { clock: options.clock ?? NO_HASTE, random: systemRandom }
  const watched = options.watched ?? ANVIL
  await prepare(db, watched, options.policy)
  const another = (holder: string): ChainWatch =>
    watchChain(
      { ...watched, providers: [], websocketUrl: null, start: options.start ?? 0, pollMs: 250 },
      source,
      options.codec ?? PLAIN_CODEC,
      { db, env, report, holder, onEvents: () => undefined },
    )
  const watch = another('first')
  await watch.keeper.tick()
  await watch.filter.tick()
  return {
    db,
    url,
    watch,
    metrics,
    another,
    register: (addresses, watchFrom) => register(db, watched, addresses, watchFrom),
    run: runUntilIdle,
  }
}

function onlyRail({ rails: [rail] }: WatchedChain): RailConfig {
  return required(rail, 'a watched chain has a rail')
}

async function prepare(db: Db, watched: WatchedChain, policy?: Policy): Promise<void> {
  const now = new Date()
  const { rail, defaultPolicy } = onlyRail(watched)
  await db.transaction().execute(async (tx) => {
    await createEnvironment(tx, { id: ENVIRONMENT, kind: 'test', now })
    await enableRail(tx, { environment: ENVIRONMENT, rail: rail.id, now })
    await savePolicy(tx, {
      environment: ENVIRONMENT,
      rail,
      policy: policy ?? defaultPolicy,
      author: 'test',
      reason: 'test',
      now,
    })
  })
}

async function register(
  db: Db,
  watched: WatchedChain,
  addresses: readonly Address[],
  watchFrom?: number,
): Promise<void> {
  const entries = addresses.map((address) => ({
    rail: onlyRail(watched).rail.id,
    address,
    owner: `owner of ${address}`,
    ...(watchFrom === undefined ? {} : { watchFrom }),
  }))
  const batch = { environment: ENVIRONMENT, chainId: watched.chain.id, now: new Date(), entries }
  await db.transaction().execute((tx) => registerAddresses(tx, batch))
}

/** Far above what any test needs: a tick that stays busy for ever is a bug. */
const TICKS_MAX = 5_000

/**
 * After these a poll may bring something although nothing was mined: a shorter branch counts once it was shown several
 * times, and the chain may have moved behind the answers that a step was made of. The next poll is now.
 */
const AT_NEXT_POLL: ReadonlySet<string> = new Set(['branch_is_shorter', 'connected', 'settled'])

async function runUntilIdle(...actors: Actor[]): Promise<string[]> {
  const names: string[] = []
  for (let tick = 0; tick < TICKS_MAX; tick += 1) {
    const outcomes = []
    for (const actor of actors) outcomes.push(await actor.tick())
    names.push(...outcomes.map(({ name }) => name))
    const again = outcomes.some(({ pace, name }) => pace === 'busy' || AT_NEXT_POLL.has(name))
    if (!again) return names
  }
  throw new Error(`still busy after ${TICKS_MAX} ticks: ${names.slice(-10).join(', ')}`)
}
