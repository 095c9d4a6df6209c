import { lockCursor, readCursor, type Cursor } from './block/block-store.ts'
import { Follower } from './block/follower.ts'
import type { ChainConfig } from './config/config.ts'
import { highestStanding, lowestStanding } from './confirmation/deposit-read-store.ts'
import type { Evidence } from './confirmation/policy.ts'
import { bandLabel, waitsOf } from './confirmation/waits.ts'
import { Witness } from './confirmation/witness.ts'
import type { Chain, Codec } from './domain/chain.ts'
import type { AuditSource } from './domain/audit.ts'
import type { ChainSource } from './domain/source.ts'
import type { Step } from './domain/step.ts'
import type { Transfer } from './domain/transfer.ts'
import { required } from './lib/assert.ts'
import { Auditor } from './drift/auditor.ts'
import type { Env } from './lib/env.ts'
import type { Actor } from './lib/loop.ts'
import { Wake } from './lib/wake.ts'
import { AddressFilter } from './match/address-filter.ts'
import { timeTransfers } from './match/block-times.ts'
import { Rescanner, type ViewPosition } from './match/rescanner.ts'
import { applyStep, type Applied, type Pipeline } from './pipeline.ts'
import type { Db, Tx } from './store/database.ts'
import { LeaseKeeper } from './store/lease-keeper.ts'
import type { Report } from './telemetry/report.ts'

export interface ChainWatchDeps {
  readonly db: Db
  readonly env: Env
  readonly report: Report
  readonly holder: string
  /** Rung after a commit that wrote events. */
  readonly onEvents: () => void
}

/** Everything that watches one chain: the actors, in the order in which a deterministic driver should tick them. */
export interface ChainWatch {
  readonly chain: Chain
  readonly keeper: LeaseKeeper
  readonly filter: AddressFilter
  readonly follower: Follower
  readonly rescanner: Rescanner
  readonly witness: Witness
  /** Rung by the provider's hint at a new block. */
  readonly hint: Wake
  /** Applies a step, and says what to announce once it is committed. */
  readonly apply: (tx: Tx, step: Step) => Promise<{ readonly announce: () => void }>
}

export function watchChain(
  config: ChainConfig,
  source: ChainSource,
  codec: Codec,
  deps: ChainWatchDeps,
): ChainWatch {
  const { chain } = config
  const { db, env, report } = deps
  const keeper = new LeaseKeeper(`chain:${chain.id}`, deps.holder, { db, env, report })
  const rails = new Map(config.rails.map(({ rail }) => [rail.id, rail]))
  const filter = new AddressFilter(chain, [...rails.keys()], db)
  const pipeline: Pipeline = { chain, rails, codec, filter, env }
  const apply = async (tx: Tx, step: Step) => {
    const applied = await applyStep(tx, step, pipeline)
    return {
      more: applied.more,
      announce: () => announce(applied, step, { ...deps, chain, rails }),
    }
  }
  const withBlockTimes = (transfers: readonly Transfer[]) =>
    timeTransfers(transfers, filter.candidates(transfers), source)
  const common = { chain, source, db, env, report, lease: keeper.current, apply, withBlockTimes }
  const hint = new Wake()
  source.onHint(() => hint.ring())
  const follower = new Follower({
    ...common,
    start: config.start,
    recordedBlock: (atMost) => highestStanding(db, chain.id, atMost),
    recordedAbove: (above) => lowestStanding(db, chain.id, above),
  })
  report.watched(chain, [...rails.keys()])
  report.headAge(chain, () => follower.sight.ageSeconds())
  return {
    chain,
    keeper,
    filter,
    follower,
    rescanner: new Rescanner({ ...common, position: (db) => positionOf(db, chain.id) }),
    witness: new Witness({
      ...common,
      evidence: async (db) => evidenceOf(await readCursor(db, chain.id)),
      lockEvidence: async (tx) => evidenceOf(await lockCursor(tx, chain.id)),
    }),
    hint,
    apply,
  }
}

export interface AuditDeps extends Pick<ChainWatchDeps, 'db' | 'env' | 'report'> {
  readonly codec: Codec
  readonly proofEvery: number
  readonly balanceSample: number
}

/** The second look at a chain that is watched, by the same daemon. */
export function auditChain(
  { rails }: Pick<ChainConfig, 'rails'>,
  watch: ChainWatch,
  audit: AuditSource,
  deps: AuditDeps,
): Auditor {
  const { chain, keeper, apply } = watch
  return new Auditor({
    ...deps,
    chain,
    audit,
    apply,
    rails: new Map(rails.map(({ rail }) => [rail.id, rail])),
    lease: keeper.current,
    position: async (db) => moving(await readCursor(db, chain.id)),
    lockPosition: async (tx) => moving(await lockCursor(tx, chain.id)),
  })
}

export function actorsOf(watch: ChainWatch): readonly Actor[] {
  const { keeper, filter, follower, rescanner, witness } = watch
  return [keeper, filter, follower, rescanner, witness]
}

function announce(
  applied: Applied,
  step: Step,
  deps: ChainWatchDeps & Pick<Pipeline, 'chain' | 'rails'>,
): void {
  if (step.kind === 'connect') {
    for (const [rail, transfers] of Map.groupBy(step.transfers, (transfer) => transfer.rail)) {
      deps.report.seen(rail, transfers.length, applied.matched.get(rail) ?? 0)
    }
  }
  for (const [index, { deposit }] of applied.transitions.entries()) {
    const event = applied.events[index]
    const rail = required(deps.rails.get(deposit.rail), `${deposit.rail} is a rail of this chain`)
    if (event !== undefined) deps.report.transition(deposit, event, rail)
    if (deposit.state === 'detected') deps.report.awaited(rail.id, bandLabel(deposit.policy))
  }
  for (const { deposit, alsoIn } of applied.secondSightings) {
    const { id: depositId, txHash, height, blockHash: hash } = deposit
    const evidence = { depositId, txHash, kept: { height, hash }, alsoIn }
    deps.report.providerLied(deps.chain, 'one transaction stands in two blocks', evidence)
  }
  const waits = waitsOf(applied.transitions, deps.env.clock.now())
  for (const wait of waits) deps.report.waited(wait)
  if (applied.events.length > 0) deps.onEvents()
}

function moving(cursor: Cursor | null): Cursor | null {
  return isMoving(cursor) ? cursor : null
}

function isMoving(cursor: Cursor | null): cursor is Cursor {
  return cursor !== null && cursor.halt === null
}

async function positionOf(db: Db, chainId: string): Promise<ViewPosition | null> {
  const cursor = await readCursor(db, chainId)
  return isMoving(cursor) ? { tip: cursor, finalized: cursor.finalized } : null
}

function evidenceOf(cursor: Cursor | null): Evidence | null {
  if (!isMoving(cursor)) return null
  return { tipHeight: cursor.height, finalizedHeight: cursor.finalized?.height ?? null }
}
