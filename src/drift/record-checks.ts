import { readCursor } from '../block/block-store.ts'
import { judge } from '../confirmation/deposit.ts'
import { heldRails } from '../confirmation/hold-store.ts'
import type { Chain } from '../domain/chain.ts'
import type { Deposit } from '../domain/deposit.ts'
import type { Difference, Finding, FindingId, FindingKind } from '../domain/finding.ts'
import { findingId } from '../domain/id.ts'
import { atOneMoment, type Db, type Tx } from '../store/database.ts'
import {
  brokenLinks,
  deliveredSince,
  lookAtDeliveries,
  movableDeposits,
  standingIds,
  unpublishedSince,
  type BrokenLink,
  type Undelivered,
  type UnpublishedEvents,
} from './check-store.ts'
import type { Scene } from './difference.ts'
import { openFinding, resolveFindings, type ResolvedFinding } from './finding-store.ts'
import { markListed } from './notices.ts'
import type { Noticed } from './unheard.ts'

const DEPOSITS_MAX = 1_000
const LINKS_MAX = 10
const EVENTS_MAX = 5_000
/** Far above what numbering takes while the publisher lives; a takeover takes up to 15 s. */
const UNPUBLISHED_MS = 5 * 60_000
const MARGIN_SECONDS = 60

/** Looked at as a whole every time: what is not found again is gone. */
const WHOLE_KINDS: readonly FindingKind[] = [
  'state_overdue',
  'event_unpublished',
  'view_broken',
  'provider_unheard',
]

/** What a look at our own records found; nothing is written of it yet. */
export interface Sight {
  /** Of kinds that are looked at as a whole. */
  readonly whole: readonly Difference[]
  readonly missing: readonly Difference[]
  /** Events up to here were looked at; null: there were none. */
  readonly position: number | null
}

export interface Checked {
  /** To be called once the transaction has committed. */
  readonly remember: () => void
  readonly opened: readonly Finding[]
  readonly resolved: readonly ResolvedFinding[]
}

/** Whether our records are at one with each other: what nobody outside needs to be asked about. */
export class RecordChecks {
  readonly #chain: Chain
  readonly #scene: Pick<Scene, 'chain' | 'codec'>
  /** Deposits that ought to have moved on at the round before. Only the second time it is no coincidence. */
  #overdue: ReadonlySet<string> = new Set()
  /** Events up to here have been looked at since this daemon began. */
  #position = 0

  constructor({ chain, codec }: Pick<Scene, 'chain' | 'codec'>) {
    this.#chain = chain
    this.#scene = { chain, codec }
  }

  /** All reading is done in a transaction of its own: the fenced one, for which the chain waits, only writes. */
  look(db: Db, now: Date): Promise<Sight> {
    return atOneMoment(db, (tx) => this.#look(tx, now))
  }

  async #look(tx: Tx, now: Date): Promise<Sight> {
    const { id } = this.#chain
    const unpublished = await unpublishedSince(tx, id, new Date(now.getTime() - UNPUBLISHED_MS))
    const links = await brokenLinks(tx, id, LINKS_MAX)
    const { undelivered, end } = await lookAtDeliveries(tx, id, {
      afterPosition: this.#position,
      limit: EVENTS_MAX,
      marginSeconds: MARGIN_SECONDS,
    })
    return {
      whole: [
        ...(await this.#overdueDeposits(tx)),
        ...links.map((link) => this.#brokenLink(link)),
        ...(unpublished === null ? [] : [this.#unpublished(unpublished)]),
      ],
      missing: undelivered.map((one) => this.#missingDelivery(one)),
      position: end,
    }
  }

  /** `silence`: what the round itself has found out about providers. */
  async record(tx: Tx, sight: Sight, silence: Noticed, now: Date): Promise<Checked> {
    const whole = [...silence.differences, ...sight.whole]
    const opened: Finding[] = []
    for (const difference of [...whole, ...sight.missing]) {
      const { finding, isNew } = await openFinding(tx, difference, now)
      if (isNew) opened.push(finding)
    }
    opened.push(...(await markListed(tx, this.#scene, now)))
    const found = new Set<string>([...silence.unresolved, ...whole.map((one) => one.id)])
    const standing = await standingIds(tx, this.#chain.id, WHOLE_KINDS)
    const gone = standing.filter((one) => !found.has(one))
    const delivered = await deliveredSince(tx, this.#chain.id)
    const resolved = await resolveFindings(tx, [...gone, ...delivered] as FindingId[], {
      at: now,
      reason: 'gone: it was looked at again, and all is as it should be',
    })
    const remember = () => {
      this.#position = sight.position ?? this.#position
    }
    return { opened, resolved, remember }
  }

  /** Judged by the rule itself, not by the query that finds what is due: that is what is being looked after. */
  async #overdueDeposits(tx: Tx): Promise<Difference[]> {
    const cursor = await readCursor(tx, this.#chain.id)
    if (cursor === null || cursor.halt !== null) return []
    const evidence = {
      tipHeight: cursor.height,
      finalizedHeight: cursor.finalized?.height ?? null,
    }
    const held = await heldRails(tx, this.#chain.id)
    const movable = await movableDeposits(tx, this.#chain.id, { held, limit: DEPOSITS_MAX })
    const due = movable.filter((deposit) => {
      const [next] = judge(deposit, evidence)
      return next !== undefined && !(next.deposit.state === 'final' && held.has(deposit.rail))
    })
    const before = this.#overdue
    this.#overdue = new Set(due.map(versionOf))
    const still = due.filter((deposit) => before.has(versionOf(deposit)))
    return still.map((deposit) => this.#overdueDeposit(deposit))
  }

  #overdueDeposit(deposit: Deposit): Difference {
    const { id, environment, rail, height, state, version } = deposit
    return {
      ...this.#about('state_overdue', [id]),
      subject: id,
      summary: `a deposit of ${deposit.amount} base units is still ${state}, although its rule holds`,
      evidence: { deposit: id, state, version, height },
      environment,
      rail,
      height,
      depositId: id,
    }
  }

  #brokenLink({ height, hash, parentHash }: BrokenLink): Difference {
    return {
      ...this.#about('view_broken', [height, hash]),
      subject: `block ${height}`,
      summary: `block ${height} of our view does not link to the one that is held below it`,
      evidence: { height, hash, parent: parentHash },
      height,
    }
  }

  #unpublished({ count, oldest }: UnpublishedEvents): Difference {
    return {
      ...this.#about('event_unpublished', []),
      subject: 'outbox',
      summary: `${count} events wait for the publisher since ${oldest.toISOString()}`,
      evidence: { count, oldest: oldest.toISOString() },
    }
  }

  #missingDelivery({ eventId, endpointId, publishedAt, ...event }: Undelivered): Difference {
    const { type, environment, depositId } = event
    return {
      ...this.#about('delivery_missing', [eventId, endpointId]),
      subject: eventId,
      summary: `endpoint ${endpointId} subscribes to ${type} and was not given ${eventId}`,
      evidence: {
        event: eventId,
        endpoint: endpointId,
        type,
        published_at: publishedAt.toISOString(),
      },
      environment,
      depositId,
    }
  }

  #about(kind: FindingKind, subject: readonly (string | number)[]) {
    const id = findingId({ kind, chainId: this.#chain.id, subject })
    const nobody = { environment: null, provider: null, rail: null, height: null, depositId: null }
    return { ...nobody, id, chainId: this.#chain.id, kind }
  }
}

function versionOf({ id, version }: Deposit): string {
  return `${id} ${version}`
}
