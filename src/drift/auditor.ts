import type { Account } from '../domain/audit.ts'
import type { BlockRef } from '../domain/block.ts'
import { SourceError } from '../domain/source.ts'
import { StaleStepError, type RevisitStep } from '../domain/step.ts'
import { AssertionError } from '../lib/assert.ts'
import type { Actor, Outcome } from '../lib/loop.ts'
import { isOutage } from '../lib/outage.ts'
import { ProviderFailure } from '../source/wire/failure.ts'
import type { Db, Tx } from '../store/database.ts'
import { assertFence, LeaseLostError, type Lease } from '../store/lease.ts'
import { assertStandsAt, completeRound, forgetOthers, saveProgress } from './audit-store.ts'
import { BalanceChecks, type BalanceOptions, type Weighed } from './balance-checks.ts'
import { examine } from './examination.ts'
import { RecordChecks } from './record-checks.ts'
import { takeNotices } from './notices.ts'
import { recordFindings, type Recorded } from './record-findings.ts'
import { withRescans } from './heard-again.ts'
import {
  isTakenBack,
  listenAgain,
  listenOn,
  standingOf,
  type Advance,
  type Listening,
} from './progress.ts'
import { stretchesToReread } from './rereads.ts'
import {
  beginRound,
  HEARD_AGAIN_MAX,
  HEARINGS_MAX,
  ROUND_MS,
  whoIsBehind,
  whoseTurn,
  type Round,
} from './round.ts'
import { Unheard } from './unheard.ts'

export interface AuditorOptions extends BalanceOptions {
  /** One block in so many is proven against what its header commits to, where the family can; 0: none. */
  readonly proofEvery: number
  readonly lease: () => Lease | null
  /** Null before the first block and while the chain is halted. */
  readonly position: (db: Db) => Promise<AuditPosition | null>
  /** The same, and it stays so until the commit. */
  readonly lockPosition: (tx: Tx) => Promise<AuditPosition | null>
  readonly apply: (tx: Tx, step: RevisitStep) => Promise<{ readonly announce: () => void }>
}

export interface AuditPosition {
  readonly startHeight: number
  readonly finalized: BlockRef | null
}

/**
 * The second pair of eyes. It reads finalized history again, from every provider in turn, since nobody recorded
 * which of them was believed the first time. It works under the chain's own lease: what it heals is written under
 * that fence, and a second daemon's auditor would only ask the same questions again.
 *
 * A round hears each provider up to the block that was final when the round began, then looks again at findings that
 * stand, at what rescans have read, and at our own records, however much of a long history is left. Only a round in
 * which everybody was heard about the new blocks is complete, and the time of the last one is a metric: an auditor
 * that is silent, or whose providers are, is seen.
 */
export class Auditor implements Actor {
  readonly name: string
  readonly #options: AuditorOptions
  readonly #checks: RecordChecks
  readonly #balances: BalanceChecks
  readonly #unheard: Unheard
  #round: Round | null = null
  #nextRoundMs = -Infinity

  constructor(options: AuditorOptions) {
    this.name = `auditor:${options.chain.slug}`
    this.#options = options
    this.#checks = new RecordChecks(options)
    this.#balances = new BalanceChecks(options)
    this.#unheard = new Unheard(options.chain)
  }

  async tick(): Promise<Outcome> {
    const lease = this.#options.lease()
    if (lease === null) return this.#rest('standby')
    const position = await this.#options.position(this.#options.db)
    const finalized = position?.finalized?.height
    if (position === null || finalized === undefined) return this.#rest('waiting_for_chain')
    const round = this.#round ?? this.#begin(finalized)
    if (round === null) return { pace: 'idle', name: 'nothing_new' }
    try {
      return await this.#advance(lease, round, position)
    } catch (error) {
      // The view moved while blocks of it were read; they are read again.
      if (error instanceof StaleStepError) return this.#rest('stale')
      throw error
    }
  }

  /** What was under way belongs to a fence or a view that may be gone. */
  #rest(name: string): Outcome {
    this.#round = null
    return { pace: 'idle', name }
  }

  #begin(target: number): Round | null {
    const nowMs = this.#options.env.clock.monotonicMs()
    if (nowMs < this.#nextRoundMs) return null
    this.#nextRoundMs = nowMs + ROUND_MS
    this.#round = beginRound(target)
    return this.#round
  }

  async #advance(lease: Lease, round: Round, { startHeight }: AuditPosition): Promise<Outcome> {
    const { db, chain, audit, env } = this.#options
    const providers = audit.providers.filter((name) => !round.failed.has(name))
    const standing = await standingOf(db, chain.id, providers, startHeight)
    const next = round.isCut ? null : whoIsBehind(standing, round)
    if (next !== null && round.hearings < HEARINGS_MAX) {
      if (this.#balances.areOn && !round.weighed.has(next.provider)) {
        round.weighed.add(next.provider)
        await this.#balances.ask(lease, next)
        return { pace: 'idle', name: 'weighed' }
      }
      round.hearings += 1
      round.heard.set(next.provider, round.hearings)
      const progress = await withRescans(db, chain.id, next, startHeight)
      return this.#listen(lease, round, listenOn(progress, round))
    }
    round.isCut ||= next !== null
    round.reread ??= await stretchesToReread(db, chain.id, providers, env.clock.now())
    const stretch = round.reread.shift()
    if (stretch !== undefined) return this.#listen(lease, round, { stretch, advance: null })
    if (round.heardAgain < HEARD_AGAIN_MAX) {
      for (const progress of whoseTurn(standing, round)) {
        const left = await withRescans(db, chain.id, progress, startHeight)
        if (left.again === null) continue
        round.heardAgain += 1
        round.heard.set(left.provider, round.hearings + round.heardAgain)
        return this.#listen(lease, round, listenAgain(left, left.again))
      }
    }
    return this.#end(lease, round)
  }

  async #listen(lease: Lease, round: Round, listening: Listening): Promise<Outcome> {
    try {
      return await this.#examine(lease, round, listening)
    } catch (error) {
      if (isOurs(error)) throw error
      const { provider } = listening.stretch
      if (!(error instanceof SourceError)) {
        this.#options.report.accountRefused(this.#options.chain, provider, error)
      }
      round.failed.set(provider, error instanceof SourceError ? reasonOf(error) : 'unusable')
      return { pace: 'idle', name: 'provider_failed' }
    }
  }

  async #examine(lease: Lease, round: Round, { stretch, advance }: Listening): Promise<Outcome> {
    const { chain, codec, db, env, apply, report } = this.#options
    const examined = await examine(
      { ...this.#options, onProof: ({ outcome }) => report.proven(chain, outcome) },
      stretch,
    )
    const { headers } = examined.account
    const heard = { ...stretch, to: stretch.from + headers.length - 1 }
    const recorded = await db.transaction().execute(async (tx) => {
      await assertFence(tx, lease)
      await this.#assertStillFinal(tx, heard.to)
      const now = env.clock.now()
      const result = await recordFindings(tx, heard, examined, { chainId: chain.id, now, apply })
      const scene = { chain, codec, provider: stretch.provider }
      const noted = await takeNotices(tx, examined.notices, scene, now)
      const weighed = await this.#advanceBy(tx, advance, examined.account)
      return {
        opened: [...result.opened, ...noted.opened, ...weighed.opened],
        resolved: [...result.resolved, ...noted.resolved],
        announce: () => {
          result.announce()
          for (const outcome of weighed.outcomes) report.balanced(chain, outcome)
        },
      }
    })
    if (advance !== null && isTakenBack(advance, examined.account)) {
      round.relinked.add(stretch.provider)
    }
    report.audited(chain, headers.length)
    this.#announce(recorded)
    return { pace: 'idle', name: recorded.opened.length > 0 ? 'differs' : 'audited' }
  }

  /** How far it was heard, and what its balances say to that: of no block heard twice, of none passed over. */
  async #advanceBy(tx: Tx, advance: Advance | null, account: Account): Promise<Weighed> {
    if (advance === null) return { opened: [], outcomes: [] }
    const { chain, env } = this.#options
    const { before, after } = advance
    const now = env.clock.now()
    await assertStandsAt(tx, chain.id, before)
    await saveProgress(tx, chain.id, after(account), now)
    return this.#balances.hear(tx, { provider: before.provider, account, now })
  }

  /** A person may have let go of what was final while it was read. */
  async #assertStillFinal(tx: Tx, height: number): Promise<void> {
    const position = await this.#options.lockPosition(tx)
    const finalized = position?.finalized?.height ?? -1
    if (finalized < height)
      throw new StaleStepError(`block ${height} is not final, or all is halted`)
  }

  #announce({ opened, resolved, announce }: Recorded): void {
    const { report } = this.#options
    announce()
    for (const finding of opened) report.found(finding)
    for (const { finding, reason } of resolved) report.findingGone(finding, reason)
  }

  async #end(lease: Lease, round: Round): Promise<Outcome> {
    const { db, chain, audit, env } = this.#options
    this.#round = null
    const silence = this.#unheard.note(round.failed)
    const isComplete = round.failed.size === 0 && !round.isCut
    const now = env.clock.now()
    const sight = await this.#checks.look(db, now)
    const checked = await db.transaction().execute(async (tx) => {
      await assertFence(tx, lease)
      await forgetOthers(tx, chain.id, audit.providers)
      await this.#balances.forgetOthers(tx)
      const result = await this.#checks.record(tx, sight, silence, now)
      if (isComplete) await completeRound(tx, chain.id, { height: round.target, completedAt: now })
      return result
    })
    this.#announce({ ...checked, announce: checked.remember })
    return { pace: 'idle', name: isComplete ? 'complete' : 'incomplete' }
  }
}

/** The kind of failure alone: environments read findings, and the words of a failure are partly the provider's. */
function reasonOf({ cause, kind }: SourceError): string {
  return cause instanceof ProviderFailure ? cause.kind : kind
}

/**
 * What has nothing to do with whom we ask. Anything else came of its answer, and would come of it at each tick: one
 * that breaks us must not keep us from all others.
 */
function isOurs(error: unknown): boolean {
  return (
    error instanceof StaleStepError ||
    error instanceof LeaseLostError ||
    error instanceof AssertionError ||
    isOutage(error)
  )
}
