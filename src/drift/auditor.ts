import type { Account } from '../domain/audit.ts'
import type { BlockHeader, BlockRef } from '../domain/block.ts'
import { SourceError } from '../domain/source.ts'
import { StaleStepError, type RevisitStep } from '../domain/step.ts'
import { AssertionError, required } from '../lib/assert.ts'
import type { Hex } from '../lib/hex.ts'
import type { Actor, Outcome } from '../lib/loop.ts'
import { isOutage } from '../lib/outage.ts'
import { ProviderFailure } from '../source/wire/failure.ts'
import type { Db, Tx } from '../store/database.ts'
import { assertFence, LeaseLostError, type Lease } from '../store/lease.ts'
import {
  assertStandsAt,
  completeRound,
  forgetOthers,
  readProgress,
  saveProgress,
  type Progress,
} from './audit-store.ts'
import { BalanceChecks, type BalanceOptions, type Weighed } from './balance-checks.ts'
import { examine, type Stretch } from './examination.ts'
import { RecordChecks } from './record-checks.ts'
import { takeNotices } from './notices.ts'
import { recordFindings, type Recorded } from './record-findings.ts'
import { withRescans } from './heard-again.ts'
import { stretchesToReread } from './rereads.ts'
import { Unheard } from './unheard.ts'

/** Blocks read in one tick: some five thousand transfers where blocks are full, two megabytes of headers. */
const STRETCH_BLOCKS = 32
/** A round begins this long after the one before began. */
const ROUND_MS = 60_000
/** Stretches heard in one round: two minutes of them. What is left of a long history waits for the next one. */
const HEARINGS_MAX = 120
/** Of those that a rescan has read again, so many: new blocks come first, and the next round begins on time. */
const HEARD_AGAIN_MAX = 40

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

/** How far an account takes its provider. */
interface Advance {
  readonly before: Progress
  readonly after: (account: Account) => Progress
}

/** One pass over everybody: up to what was final when it began. */
interface Round {
  readonly startedMs: number
  readonly target: number
  /** Who could not be heard in it, and why: asked again in the next one. */
  readonly failed: Map<string, string>
  /** In which of the round's hearings each was heard last: nobody waits for one that is slow to catch up. */
  readonly heard: Map<string, number>
  /** Who was asked for balances before being heard. */
  readonly weighed: Set<string>
  hearings: number
  heardAgain: number
  /** Somebody had more to say than one round hears. */
  isCut: boolean
  /** Who was read again already because it shows another history than it did: once in a round is enough. */
  readonly relinked: Set<string>
  /** Blocks that differ, to be read again; null before they were looked up. */
  reread: Stretch[] | null
}

/**
 * The second pair of eyes. It reads finalized history again, from every provider in turn, since nobody recorded
 * which of them was believed the first time. It works under the chain's own lease: what it heals is written under
 * that fence, and a second daemon's auditor would only ask the same questions again.
 *
 * A round hears each provider up to the block that was final when the round began, then looks again at what stood
 * open, at what rescans have read, and at our own records, however much of a long history is left. Only a round in
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
    const startedMs = this.#options.env.clock.monotonicMs()
    if (startedMs < this.#nextRoundMs) return null
    this.#nextRoundMs = startedMs + ROUND_MS
    this.#round = {
      startedMs,
      target,
      failed: new Map(),
      heard: new Map(),
      weighed: new Set(),
      hearings: 0,
      heardAgain: 0,
      isCut: false,
      relinked: new Set(),
      reread: null,
    }
    return this.#round
  }

  async #advance(lease: Lease, round: Round, position: AuditPosition): Promise<Outcome> {
    const standing = await this.#standing(round, position)
    const next = round.isCut ? null : whoIsBehind(standing, round)
    if (next !== null && round.hearings < HEARINGS_MAX) {
      if (this.#balances.areOn && !round.weighed.has(next.provider)) {
        round.weighed.add(next.provider)
        await this.#balances.ask(lease, next)
        return { pace: 'idle', name: 'weighed' }
      }
      round.hearings += 1
      round.heard.set(next.provider, round.hearings)
      return this.#hear(lease, round, next)
    }
    round.isCut ||= next !== null
    round.reread ??= await this.#reread(round)
    const stretch = round.reread.shift()
    if (stretch !== undefined) return this.#readAgain(lease, round, stretch)
    const left = whoseTurn(standing, round).find(({ again }) => again !== null)
    if (left !== undefined && round.heardAgain < HEARD_AGAIN_MAX) {
      round.heardAgain += 1
      round.heard.set(left.provider, round.hearings + round.heardAgain)
      return this.#hearAgain(lease, round, left)
    }
    return this.#end(lease, round)
  }

  /** How far those were heard who can be. */
  async #standing(round: Round, { startHeight }: AuditPosition): Promise<Progress[]> {
    const { db, chain, audit } = this.#options
    const known = await readProgress(db, chain.id)
    const standing: Progress[] = []
    for (const provider of audit.providers.filter((name) => !round.failed.has(name))) {
      const found = known.find((progress) => progress.provider === provider)
      const progress = found ?? beginning(provider, startHeight)
      standing.push(await withRescans(db, chain.id, progress, startHeight))
    }
    return standing
  }

  async #hear(lease: Lease, round: Round, progress: Progress): Promise<Outcome> {
    const { provider, next: from, lastHash } = progress
    const to = Math.min(round.target, from + STRETCH_BLOCKS - 1)
    const after = ({ headers }: Account): Progress => {
      const [first] = headers
      const last = required(headers.at(-1), 'an account has a block')
      // It has changed its mind about what it showed before: that is read again, too.
      if (isParted(lastHash, first) && !round.relinked.has(provider)) {
        round.relinked.add(provider)
        const next = Math.max(progress.from, from - STRETCH_BLOCKS)
        return { ...progress, next, lastHash: null }
      }
      return { ...progress, next: last.height + 1, lastHash: last.hash }
    }
    return this.#attempt(round, provider, () =>
      this.#examine(lease, { provider, from, to }, { before: progress, after }),
    )
  }

  /** Balances have heard these blocks and take no notice of them. */
  #hearAgain(lease: Lease, round: Round, progress: Progress): Promise<Outcome> {
    const { provider } = progress
    const { next: from, to: end } = required(progress.again, 'there is something to hear again')
    const to = Math.min(end, from + STRETCH_BLOCKS - 1)
    const after = ({ headers }: Account): Progress => {
      const next = from + headers.length
      return { ...progress, again: next > end ? null : { next, to: end } }
    }
    return this.#attempt(round, provider, () =>
      this.#examine(lease, { provider, from, to }, { before: progress, after }),
    )
  }

  #readAgain(lease: Lease, round: Round, stretch: Stretch): Promise<Outcome> {
    return this.#attempt(round, stretch.provider, () => this.#examine(lease, stretch, null))
  }

  async #attempt(round: Round, provider: string, work: () => Promise<Outcome>): Promise<Outcome> {
    try {
      return await work()
    } catch (error) {
      if (isOurs(error)) throw error
      if (!(error instanceof SourceError)) {
        this.#options.report.accountRefused(this.#options.chain, provider, error)
      }
      round.failed.set(provider, error instanceof SourceError ? reasonOf(error) : 'unusable')
      return { pace: 'idle', name: 'provider_failed' }
    }
  }

  async #examine(lease: Lease, stretch: Stretch, advance: Advance | null): Promise<Outcome> {
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

  #reread({ failed }: Round): Promise<Stretch[]> {
    const { db, chain, audit, env } = this.#options
    const providers = audit.providers.filter((name) => !failed.has(name))
    return stretchesToReread(db, chain.id, providers, env.clock.now())
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

/** The kind of failure alone: tenants read findings, and the words of a failure are partly the provider's. */
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

function isParted(lastHash: Hex | null, first: BlockHeader): boolean {
  return lastHash !== null && first.parentHash !== lastHash
}

function beginning(provider: string, startHeight: number): Progress {
  const from = startHeight
  return { provider, from, next: from, lastHash: null, rescanId: 0, again: null }
}

/** Who was heard longest ago in this round comes first. */
function whoseTurn(standing: readonly Progress[], { heard }: Round): Progress[] {
  const turn = ({ provider }: Progress): number => heard.get(provider) ?? 0
  return standing.toSorted((a, b) => turn(a) - turn(b) || a.next - b.next)
}

/** Null once everybody who can be heard was heard up to the target. */
function whoIsBehind(standing: readonly Progress[], round: Round): Progress | null {
  return whoseTurn(standing, round).find(({ next }) => next <= round.target) ?? null
}
