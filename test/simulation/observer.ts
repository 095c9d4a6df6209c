import type { Codec } from '../../src/domain/chain.ts'
import { required } from '../../src/lib/assert.ts'
import type { Hex } from '../../src/lib/hex.ts'
import type { Oracle } from './oracle.ts'
import { hold } from './violation.ts'
import type { World } from './world.ts'
import { isForgery } from './world/forgery.ts'
import type { SimBlock } from './world/transaction.ts'

interface EventRow {
  readonly position: number
  readonly id: string
  readonly environment: string
  readonly deposit: string
  readonly version: number
  readonly type: string
  readonly body: string
}

interface Payload {
  readonly type: string
  readonly data: {
    readonly state: string
    readonly version: number
    readonly rail: string
    readonly address: Hex
    readonly sender: string
    readonly amount: string
    readonly transaction: { readonly hash: Hex }
    readonly block: { readonly height: number; readonly hash: Hex; readonly time: string }
    readonly policy: {
      readonly confirmations: number | null
      readonly finality: boolean
      readonly providers: number
    }
    readonly retracts: string | null
  }
}

/** Addresses and hashes are written as the chain's family writes them; the world knows them as bytes. */
function readPayload(body: string, codec: Codec): Payload {
  const { data, type } = JSON.parse(body) as Payload
  const { address, transaction, block } = data
  return {
    type,
    data: {
      ...data,
      address: codec.parseAddress(address),
      transaction: { ...transaction, hash: codec.parseHash(transaction.hash) },
      block: { ...block, hash: codec.parseHash(block.hash) },
    },
  }
}

/** From which states each state may be entered; nothing else is a life. */
const BEFORE: Readonly<Record<string, readonly (string | null)[]>> = {
  detected: [null, 'orphaned', 'reversed'],
  confirmed: ['detected'],
  final: ['confirmed'],
  orphaned: ['detected'],
  reversed: ['confirmed', 'final'],
}

interface Life {
  readonly facts: string
  state: string
  version: number
  lastEvent: string
}

/** Reads each event the moment it is committed, and holds it against the world as it is at that moment. */
export class Observer {
  readonly lives = new Map<string, Life>()
  readonly #ids = new Set<string>()
  readonly #world: World
  readonly #oracle: Oracle
  #position = 0
  /** A person has accepted a reorg past finality: only then may anything final be taken back. */
  resumed = false

  constructor(world: World, oracle: Oracle) {
    this.#world = world
    this.#oracle = oracle
  }

  async look(): Promise<void> {
    const rows = await this.#world.server.query<EventRow>(
      `select position, id, environment_id as environment, deposit_id as deposit, version, type, body
       from event where position > $1 order by position`,
      [this.#position],
    )
    for (const row of rows) this.#see(row)
    this.#position = rows.at(-1)?.position ?? this.#position
  }

  #see(row: EventRow): void {
    const { data, type } = readPayload(row.body, this.#world.codec)
    const { coverage, transcript } = this.#world
    hold(!this.#ids.has(row.id), 'I2', () => `the event ${row.id} was recorded twice`)
    this.#ids.add(row.id)
    coverage.count(`event ${type}`)
    transcript.tell(`event ${type} ${row.deposit} v${row.version} block ${data.block.height}`)
    this.#checkLife(row, data)
    this.#checkFacts(row, data)
    if (data.state === 'confirmed') this.#checkConfirmed(row, data)
    if (data.state === 'final') this.#checkFinal(row, data)
    if (data.retracts !== null) this.#checkGone(row, data)
  }

  #checkLife(row: EventRow, data: Payload['data']): void {
    const life = this.lives.get(row.deposit)
    const before = life?.state ?? null
    const allowed = required(BEFORE[data.state], `${data.state} is a state`)
    hold(
      before !== 'final' || this.resumed,
      'I3',
      () => `${row.deposit} was final and is taken back, though nobody has accepted that`,
    )
    const facts = `${data.rail} ${data.address} ${data.amount} ${data.transaction.hash}`
    hold(
      allowed.includes(before),
      'I4',
      () => `${row.deposit} went from ${before} to ${data.state}`,
    )
    hold(
      row.version === (life?.version ?? 0) + 1 && data.version === row.version,
      'I5',
      () => `${row.deposit} went from version ${life?.version} to ${row.version}`,
    )
    hold(life === undefined || life.facts === facts, 'I4', () => `${row.deposit} changed its facts`)
    const retracts = data.state === 'orphaned' || data.state === 'reversed' ? life?.lastEvent : null
    hold(
      data.retracts === (retracts ?? null),
      'P4',
      () => `${row.id} retracts ${data.retracts} and not ${retracts}`,
    )
    this.#world.coverage.count(`transition ${before} to ${data.state}`)
    this.lives.set(row.deposit, {
      facts,
      state: data.state,
      version: row.version,
      lastEvent: row.id,
    })
  }

  /** Amount, parties and place are those of a movement in that very block. */
  #checkFacts(row: EventRow, data: Payload['data']): void {
    if (this.#isForged(data)) return
    const placed = this.#oracle.holds(data.block.hash, {
      rail: data.rail,
      transaction: data.transaction.hash,
      recipient: data.address,
      amount: BigInt(data.amount),
    })
    hold(placed !== null, 'I10', () => `${row.body} speaks of a movement that never was`)
    const block = this.#block(data)
    hold(
      block.height === data.block.height && block.timeMs === Date.parse(data.block.time),
      'I10',
      () => `${row.body} names a block by the wrong height or time`,
    )
  }

  /** As many blocks were shown on top as the rule asks for, and enough providers show it. */
  #checkConfirmed(row: EventRow, data: Payload['data']): void {
    const { policy } = data
    hold(!this.#isForged(data) || policy.providers < 2, 'I3', () => `${row.body} was never there`)
    if (this.#isForged(data)) return
    const block = this.#block(data)
    const { confirmations } = policy
    hold(
      confirmations === null || this.#isShownBelow(block, block.height + confirmations - 1),
      'I3',
      () => `${row.id} has not the ${confirmations} confirmations it claims`,
    )
    hold(
      !policy.finality || this.#world.chain.everFinal.has(block.hash),
      'I3',
      () => `${row.id} is confirmed by a finality that never was`,
    )
  }

  #checkFinal(row: EventRow, data: Payload['data']): void {
    hold(
      this.#world.chain.everFinal.has(data.block.hash),
      'I3',
      () => `${row.id} calls block ${data.block.height} final, which it never was`,
    )
  }

  /** A head that goes back is no reorg: something leaves only when another branch was shown in its place. */
  #checkGone(row: EventRow, data: Payload['data']): void {
    if (this.#isForged(data)) return
    const { height, hash } = data.block
    const isReplaced = this.#world.providers.some(({ shown }) =>
      [...shown.entries()].some(([at, hashes]) => at <= height && this.#hasOther(hashes, at, hash)),
    )
    hold(isReplaced, 'I8', () => `${row.id}: block ${height} left, though nothing replaced it`)
  }

  #hasOther(hashes: ReadonlySet<Hex>, height: number, hash: Hex): boolean {
    const block = this.#world.chain.blocks.get(hash)
    const ours = block === undefined ? null : this.#world.chain.at(block, height)
    return [...hashes].some((other) => other !== ours?.hash)
  }

  #isShownBelow(block: SimBlock, height: number): boolean {
    const { chain, providers } = this.#world
    return providers.some(({ shown }) =>
      [...shown.entries()].some(
        ([at, hashes]) =>
          at >= height &&
          [...hashes].some((hash) => {
            const tip = chain.blocks.get(hash)
            return tip !== undefined && chain.isAncestor(block, tip)
          }),
      ),
    )
  }

  #isForged({ block, transaction }: Payload['data']): boolean {
    const shown = { blockHash: block.hash, transaction: transaction.hash }
    return this.#world.providers.some(({ forged }) => isForgery(forged, shown))
  }

  #block(data: Payload['data']): SimBlock {
    const block = this.#world.chain.blocks.get(data.block.hash)
    return required(block, 'a block that holds a movement exists')
  }
}
