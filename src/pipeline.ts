import { moveView } from './block/move-view.ts'
import { settleDeposits, type SecondSighting } from './confirmation/settlement.ts'
import type { Chain, Codec, Rail, RailId } from './domain/chain.ts'
import type { DepositEvent, Transition } from './domain/event.ts'
import type { Remainder, Step } from './domain/step.ts'
import type { Env } from './lib/env.ts'
import type { AddressFilter } from './match/address-filter.ts'
import { matchStep } from './match/match-step.ts'
import { recordEvents } from './outbox/record-events.ts'
import type { Tx } from './store/database.ts'

/** What one chain's steps are applied with. */
export interface Pipeline {
  readonly chain: Chain
  readonly rails: ReadonlyMap<RailId, Rail>
  readonly codec: Codec
  readonly filter: AddressFilter
  readonly env: Env
}

/** What a step changed, to be announced once its transaction has committed. */
export interface Applied {
  readonly transitions: readonly Transition[]
  /** One for each transition, in the same order. */
  readonly events: readonly DepositEvent[]
  readonly matched: ReadonlyMap<RailId, number>
  readonly secondSightings: readonly SecondSighting[]
  readonly more: Remainder
}

/**
 * The whole product on one screen. Whatever happens to a chain (a block, a thousand blocks, a reorg, a late
 * address, a second look) is a step, and every step takes this path, in one transaction that also holds the
 * chain's fence: our view moves, transfers to registered addresses are found in it, deposits change state, and
 * the events that say so are written. Either all of it is committed or none of it.
 *
 *     source ──▶ block ──▶ match ──▶ confirmation ──▶ outbox ──▶ delivery
 *                └──────────────  here  ─────────────────┘
 *
 * From there the publisher gives events their place in the feed and the dispatcher sends them.
 */
export async function applyStep(tx: Tx, step: Step, pipeline: Pipeline): Promise<Applied> {
  const now = pipeline.env.clock.now()
  const { chain, rails, codec, filter } = pipeline

  const cursor = await moveView(tx, step, now)
  const matches = await matchStep(tx, step, { filter, start: cursor.startHeight, now })
  const { transitions, secondSightings, more } = await settleDeposits(tx, {
    chainId: chain.id,
    rails,
    matches,
    left: step.kind === 'disconnect' || step.kind === 'settle' ? { above: cursor.height } : null,
    misplaced: step.kind === 'revisit' ? (step.misplaced ?? []) : [],
    asked: step.kind === 'settle' ? (step.asked ?? []) : [],
    evidence: { tipHeight: cursor.height, finalizedHeight: cursor.finalized?.height ?? null },
    now,
  })
  const events = await recordEvents(tx, transitions, { chainId: chain.id, rails, codec, now })

  const matched = new Map<RailId, number>()
  for (const { transfer } of matches)
    matched.set(transfer.rail, (matched.get(transfer.rail) ?? 0) + 1)
  return { transitions, events, matched, secondSightings, more }
}
