import type { Account, AuditSource, Balances, Holder } from '../domain/audit.ts'
import type { Codec } from '../domain/chain.ts'
import type { Difference, Finding } from '../domain/finding.ts'
import { findingId } from '../domain/id.ts'
import { answerOf } from '../domain/source.ts'
import { heldRails } from '../confirmation/hold-store.ts'
import type { Env } from '../lib/env.ts'
import { watchersOf } from '../match/address-store.ts'
import type { Db, Tx } from '../store/database.ts'
import { assertFence, type Lease } from '../store/lease.ts'
import type { Report } from '../telemetry/report.ts'
import { movementsOf } from './balance-movements.ts'
import { chooseHolders, nameOf, windowsMax } from './balance-sample.ts'
import {
  countDifferences,
  dropWindows,
  dropWindowsOfOthers,
  liveliestHolders,
  readWindows,
  saveWindows,
  type Whose,
} from './balance-store.ts'
import {
  closeWindow,
  hear,
  openWindow,
  type Opening,
  type Reading,
  type Verdict,
  type Window,
} from './balance-window.ts'
import type { Progress } from './audit-store.ts'
import { noteFinding } from './finding-store.ts'
import type { Subject } from './record-store.ts'

/** Of one provider that stand: whoever makes its balances up could fill a book with them. What is left is counted. */
const STANDING_MAX = 200

export interface BalanceOptions extends Subject {
  readonly codec: Codec
  readonly audit: AuditSource
  readonly db: Db
  readonly env: Env
  readonly report: Report
  /** Addresses asked about in a round, of each provider; 0: none. */
  readonly balanceSample: number
}

export type BalanceOutcome = 'match' | 'mismatch' | 'unavailable'

export interface Weighed {
  readonly opened: readonly Finding[]
  /** To be counted once the transaction has committed. */
  readonly outcomes: readonly BalanceOutcome[]
}

/** A stretch in which a provider was heard. */
interface Stretch {
  readonly provider: string
  readonly account: Account
  readonly now: Date
}

/**
 * Holds the balances that a provider tells of a few addresses against what its logs move. It is the one check that
 * needs nobody else's word: a log that is left out moves the balance all the same. See `Window`.
 */
export class BalanceChecks {
  readonly #options: BalanceOptions

  constructor(options: BalanceOptions) {
    this.#options = options
  }

  get areOn(): boolean {
    return this.#options.balanceSample > 0
  }

  /**
   * Closes and opens windows with what the provider says now. To be called before it is heard up to there: the blocks
   * on both sides of a balance have to be heard after it was told.
   */
  async ask(lease: Lease, { provider, next }: Progress): Promise<void> {
    const { audit, chain, db, env, report } = this.#options
    const whose = { chainId: chain.id, provider }
    const now = env.clock.now()
    const windows = await readWindows(db, whose)
    const { asked, dropped } = await this.#choose(windows, now)
    const balances = asked.length === 0 ? null : await balancesOf(audit, provider, asked)
    const answers = asked.map((holder, index) => {
      const window = windows.find((one) => nameOf(one.holder) === nameOf(holder)) ?? null
      const balance = balances?.amounts[index] ?? null
      if (balances === null || balance === null) return { window, isUsed: false }
      const changed = takeBalance(window, { holder, balances, balance, next, now })
      return { window: changed ?? window, isUsed: changed !== null }
    })
    const kept = answers.flatMap(({ window }) =>
      window === null ? [] : { ...window, askedAt: now },
    )
    await db.transaction().execute(async (tx) => {
      await assertFence(tx, lease)
      await dropWindows(tx, whose, dropped)
      await saveWindows(tx, whose, kept)
    })
    for (const { isUsed } of answers) if (!isUsed) report.balanced(chain, 'unavailable')
  }

  async #choose(windows: readonly Window[], now: Date) {
    const { balanceSample: sample, chain, db, rails } = this.#options
    const liveliest = await liveliestHolders(db, chain.id, windowsMax(sample))
    // After a `deprecate` its transfers are another contract's, and no balance is explained by what is read.
    const held = await db.transaction().execute((tx) => heldRails(tx, chain.id))
    const isWatched = (rail: string): boolean => rails.has(rail) && !held.has(rail)
    return chooseHolders({ windows, liveliest, isWatched, sample, now })
  }

  /** To be called in the transaction in which it is written how far the provider was heard. */
  async hear(tx: Tx, { provider, account, now }: Stretch): Promise<Weighed> {
    if (!this.areOn) return { opened: [], outcomes: [] }
    const { chain } = this.#options
    const whose = { chainId: chain.id, provider }
    const windows = await readWindows(tx, whose)
    const held = await heldRails(tx, chain.id)
    const movements = movementsOf(windows, account)
    const saved: Window[] = []
    const dropped: Holder[] = []
    const opened: Finding[] = []
    const outcomes: BalanceOutcome[] = []
    for (const window of windows.filter(({ holder }) => !held.has(holder.rail))) {
      const heard = hear(window, account, movements.get(nameOf(window.holder)) ?? new Map())
      if (heard.window === null) dropped.push(window.holder)
      else saved.push(heard.window)
      for (const verdict of heard.verdicts) {
        outcomes.push(verdict.unexplained === 0n ? 'match' : 'mismatch')
        if (verdict.unexplained !== 0n) opened.push(...(await this.#note(tx, whose, verdict, now)))
      }
    }
    await dropWindows(tx, whose, dropped)
    await saveWindows(tx, whose, saved)
    return { opened, outcomes: [...outcomes, ...dropped.map(() => 'unavailable' as const)] }
  }

  /** Windows of those that are no longer asked. */
  async forgetOthers(tx: Tx): Promise<void> {
    const { audit, chain } = this.#options
    if (this.areOn) await dropWindowsOfOthers(tx, chain.id, audit.providers)
  }

  /** One for each environment that watches the address: none of them reads of another. */
  async #note(tx: Tx, whose: Whose, verdict: Verdict, now: Date): Promise<Finding[]> {
    const { rail, address } = verdict.window.holder
    const opened: Finding[] = []
    if ((await countDifferences(tx, whose)) >= STANDING_MAX) return opened
    for (const environment of await watchersOf(tx, rail, address)) {
      const difference = this.#difference(whose, verdict, environment)
      const finding = await noteFinding(tx, { difference, holdsFinals: false }, now)
      if (finding !== null) opened.push(finding)
    }
    return opened
  }

  #difference({ chainId, provider }: Whose, verdict: Verdict, environment: string): Difference {
    const { codec } = this.#options
    const { window, unexplained } = verdict
    const { holder, from, to, moved, spread } = window
    const { rail, address } = holder
    const subject = codec.formatAddress(address)
    const shown = ({ block, balance }: Reading) => ({
      height: block.height,
      hash: codec.formatHash(block.hash),
      balance: `${balance}`,
    })
    const facts = [provider, rail, address, environment, from.block.height, to.block.height]
    return {
      id: findingId({ kind: 'balance_differs', chainId, subject: facts }),
      chainId,
      kind: 'balance_differs',
      environment,
      subject,
      summary: `by ${provider} the balance of ${subject} went from ${from.balance} to ${to.balance} base units between blocks ${from.block.height} and ${to.block.height}; its logs explain ${moved} of that, which differs by ${unexplained}: a transfer was left out or made up, or the token moved funds without one`,
      evidence: {
        provider,
        rail,
        address: subject,
        from: shown(from),
        to: shown(to),
        spread,
        explained_by_logs: `${moved}`,
        unexplained: `${unexplained}`,
      },
      provider,
      rail,
      height: to.block.height,
      depositId: null,
    }
  }
}

/** A provider that fails here is heard next, and if it is still away, that is where it is said. */
async function balancesOf(
  audit: AuditSource,
  provider: string,
  holders: readonly Holder[],
): Promise<Balances | null> {
  const answer = await answerOf(() => audit.balances(provider, holders))
  return 'value' in answer ? answer.value : null
}

/** Null where the balance is of no use: what stands stays. One with another spread than the one before begins anew. */
function takeBalance(window: Window | null, opening: Opening): Window | null {
  const { balances, balance } = opening
  if (window === null || window.spread !== balances.spread) return openWindow(opening)
  return closeWindow(window, { block: balances.block, balance })
}
