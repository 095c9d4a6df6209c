import type { Hex } from '../../src/lib/hex.ts'
import type { Observer } from './observer.ts'
import type { Operators } from './operators.ts'
import { keyOf, type Oracle } from './oracle.ts'
import { chainsOf } from './profile.ts'
import { hold, Violation } from './violation.ts'
import type { World } from './world.ts'

interface DepositRow {
  readonly id: string
  readonly environment: string
  readonly rail: string
  readonly transaction: string
  readonly recipient: string
  readonly amount: string
  readonly state: string
  readonly version: number
  readonly block: string
}

/** Findings about our own records, which nothing that others do may open. */
const OUR_MISTAKES = new Set([
  'view_broken',
  'state_overdue',
  'event_unpublished',
  'delivery_missing',
])
/** Those that payments open which are forged, or left out beside others. An empty block its bloom tells at once. */
const OURS_OR_A_LIARS = new Set([
  'deposit_missing',
  'transfer_disputed',
  'deposit_extra',
  'deposit_differs',
  'balance_differs',
])
const ALIVE = new Set(['detected', 'confirmed', 'final'])

/** Compares what settled has come to with what the generated chains say. */
export class Judge {
  readonly #world: World
  readonly #oracle: Oracle
  readonly #operators: Operators

  constructor(world: World, oracle: Oracle, operators: Operators) {
    this.#world = world
    this.#oracle = oracle
    this.#operators = operators
  }

  /** How long until the next delivery is due, when nothing is due now, not even an event's number. */
  async msUntilDue(): Promise<number> {
    const [row] = await this.#world.server.query<{ at: Date | null }>(
      `select min(greatest(d.next_attempt_at, p.open_until)) as at
       from delivery d join endpoint p on p.id = d.endpoint_id
       where d.state = 'pending' and p.state = 'enabled'
         and not exists (select from event where seq is null) and not exists (
         select from delivery e where e.endpoint_id = d.endpoint_id and e.deposit_id = d.deposit_id
           and e.version < d.version and e.state = 'pending')`,
    )
    return row?.at === null || row === undefined ? 0 : row.at.getTime() - this.#world.time.nowMs
  }

  /** Cheap: whether it is worth comparing everything. Nothing is concluded from it. */
  async isSettled(): Promise<boolean> {
    if ((await this.openWork()) !== null) return false
    return (await this.#difference()) === null
  }

  /** Whether nothing is under way: what is missing now nobody but the second look will find. */
  async isAtRest(): Promise<boolean> {
    if ((await this.openWork()) !== null) return false
    const rows = await this.#world.server.query<{ hash: string }>(
      `select '0x' || encode(hash, 'hex') as hash from chain_cursor`,
    )
    const isAtTip = this.#world.networks.every(({ chain }) =>
      rows.some(({ hash }) => hash === chain.tip.hash),
    )
    if (!isAtTip) return false
    const difference = await this.#difference()
    return difference === null || difference.invariant === 'I1'
  }

  /** What settled itself knows to be unfinished; null when there is nothing. */
  async openWork(): Promise<string | null> {
    const [row] = await this.#world.server.query<Record<string, number>>(
      `select (select count(*) from delivery where state = 'pending')::int as deliveries,
              (select count(*) from event where seq is null)::int as events,
              (select count(*) from rescan where finished_at is null)::int as rescans`,
    )
    const open = Object.entries(row ?? {}).filter(([, count]) => count > 0)
    return open.length === 0 ? null : open.map(([name, count]) => `${count} ${name}`).join(', ')
  }

  /** Whether a round that ended after `ms` has covered all that is final now. */
  async isAuditedSince(ms: number): Promise<boolean> {
    const rows = await this.#world.server.query<{ is_audited: boolean }>(
      `select coalesce(r.completed_at >= $1 and r.height = c.finalized_height, false) as is_audited
       from chain_cursor c left join audit_round r using (chain_id)`,
      [new Date(ms)],
    )
    const audited = rows.filter(({ is_audited: isAudited }) => isAudited)
    return audited.length === this.#world.networks.length
  }

  /** Says in one violation what is missing or too much. */
  async explain(): Promise<void> {
    const difference = await this.#difference()
    if (difference !== null) throw difference
  }

  async conclude(observer: Observer): Promise<void> {
    const { coverage, receivers, alarms } = this.#world
    alarms.conclude()
    for (const row of await this.#deposits()) {
      const life = observer.lives.get(row.id)
      hold(
        life?.state === row.state && life.version === row.version,
        'I5',
        () => `${row.id} is ${row.state}, its events say ${life?.state}`,
      )
      coverage.count(`ends ${row.state}`)
    }
    await this.#checkFindings()
    for (const reader of this.#operators.readers) {
      for (const receiver of receivers) {
        if (receiver.environment !== reader.environment) continue
        for (const [id, payload] of reader.events) {
          const got = receiver.processed.get(id)
          hold(got === payload, 'P9', () => `${receiver.url} never got ${id}, or another body`)
          coverage.count('deliveries')
        }
      }
      coverage.count('feed events', reader.events.size)
    }
    const fed = this.#operators.readers.reduce((sum, reader) => sum + reader.events.size, 0)
    const versions = [...observer.lives.values()].reduce((sum, life) => sum + life.version, 0)
    hold(fed === versions, 'I6', () => `${versions} events were committed and ${fed} are in feeds`)
  }

  /**
   * What the second look finds and heals was missed by the first one. Of the kinds that only our own mistakes make,
   * there is nothing to be found; but some tell by recorded times, and those may be an hour off.
   */
  async #checkFindings(): Promise<void> {
    const { coverage, server, profile } = this.#world
    const rows = await server.query<{ kind: string; summary: string }>(
      'select kind, summary from finding order by opened_at, id',
    )
    for (const { kind } of rows) coverage.count(`finding ${kind}`)
    if (profile.clockJumps > 0) return
    const hasLiar = chainsOf(profile).some(({ providers }) =>
      providers.some(
        ({ lies }) => lies.forged_transfer !== undefined || lies.thinned_logs !== undefined,
      ),
    )
    const ours = rows.find(
      ({ kind }) => OUR_MISTAKES.has(kind) || (!hasLiar && OURS_OR_A_LIARS.has(kind)),
    )
    hold(ours === undefined, 'I7', () => `${ours?.kind}: ${ours?.summary}`)
  }

  async #difference(): Promise<Violation | null> {
    const expected = this.#oracle.expected()
    const counts = new Map<string, number>()
    for (const row of await this.#deposits()) {
      if (!ALIVE.has(row.state)) continue
      const transaction = `0x${row.transaction}` as Hex
      const network = this.#world.networkOf(row.rail)
      if (network.isForged({ blockHash: `0x${row.block}`, transaction })) {
        if (row.state === 'detected') continue
        return new Violation('I3', `a forged transfer is ${row.state}`)
      }
      const key = keyOf({
        environment: row.environment,
        rail: row.rail,
        transaction,
        recipient: `0x${row.recipient}`,
        amount: BigInt(row.amount),
      })
      counts.set(key, (counts.get(key) ?? 0) + 1)
      if (row.state !== 'final') return new Violation('I12', `${key} is ${row.state}, not final`)
      const isHome = network.chain.isCanonical(`0x${row.block}`)
      if (!isHome) return new Violation('I3', `${key} is final in a block that is not canonical`)
    }
    for (const [key, { least, most }] of expected) {
      const count = counts.get(key) ?? 0
      if (count < least) return new Violation('I1', `lost: ${key}, ${count} of ${least}`)
      if (count > most) return new Violation('I2', `too many: ${key}, ${count} of ${most}`)
    }
    for (const key of counts.keys()) {
      if (!expected.has(key)) return new Violation('I2', `not on the chain: ${key}`)
    }
    return null
  }

  #deposits(): Promise<DepositRow[]> {
    return this.#world.server.query<DepositRow>(
      `select id, environment_id as environment, rail, encode(tx_hash, 'hex') as transaction,
              encode(recipient, 'hex') as recipient, amount::text, state, version,
              encode(block_hash, 'hex') as block
       from deposit order by id`,
    )
  }
}
