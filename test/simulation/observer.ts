import { required } from '../../src/lib/assert.ts'
import type { Hex } from '../../src/lib/hex.ts'
import { ownerOf, type Claim, type Oracle } from './oracle.ts'
import { hold } from './violation.ts'
import type { World } from './world.ts'
import type { SimChain } from './world/chain.ts'
import type { Network } from './world/network.ts'
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
    readonly owner: string
    readonly sender: Hex
    readonly amount: string
    readonly transaction: { readonly hash: Hex }
    readonly block: { readonly height: number; readonly hash: Hex; readonly time: string }
    readonly policy: Claim['policy']
    readonly retracts: string | null
  }
}

/** Addresses and hashes are written as the chain's family writes them; the world knows them as bytes. */
function readPayload(body: string, world: World): Payload {
  const { data, type } = JSON.parse(body) as Payload
  const { codec } = world.networkOf(data.rail)
  const { address, sender, transaction, block } = data
  return {
    type,
    data: {
      ...data,
      address: codec.parseAddress(address),
      sender: codec.parseAddress(sender),
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
  readonly #positions = new Set<number>()
  readonly #highest = new Map<Network, number>()
  /** A person has accepted a reorg past finality: only then may anything final of that chain be taken back. */
  readonly resumed = new Set<Network>()

  constructor(world: World, oracle: Oracle) {
    this.#world = world
    this.#oracle = oracle
  }

  /** What was given a lower position may be committed later, if it is of another chain. */
  async look(): Promise<void> {
    const rows = await this.#world.server.query<EventRow>(
      `select position, id, environment_id as environment, deposit_id as deposit, version, type, body
       from event where position <> all ($1) order by position`,
      [[...this.#positions]],
    )
    for (const row of rows) this.#see(row)
    for (const { position } of rows) this.#positions.add(position)
  }

  #see(row: EventRow): void {
    const { data, type } = readPayload(row.body, this.#world)
    const { coverage, transcript } = this.#world
    hold(!this.#ids.has(row.id), 'I2', () => `the event ${row.id} was recorded twice`)
    this.#ids.add(row.id)
    this.#checkPosition(row, this.#world.networkOf(data.rail))
    coverage.count(`event ${type}`)
    transcript.tell(`event ${type} ${row.deposit} v${row.version} block ${data.block.height}`)
    this.#checkLife(row, data)
    this.#checkFacts(row, data)
    if (data.state === 'confirmed') this.#checkConfirmed(row, data)
    if (data.state === 'final') this.#checkFinal(row, data)
    if (data.retracts !== null) this.#checkGone(row, data)
  }

  /** Whoever pages one chain's events by position must miss none. */
  #checkPosition({ id, position }: EventRow, network: Network): void {
    const highest = this.#highest.get(network) ?? 0
    hold(position > highest, 'I6', () => `${id} at ${position} was committed after ${highest}`)
    this.#highest.set(network, position)
  }

  #checkLife(row: EventRow, data: Payload['data']): void {
    const life = this.lives.get(row.deposit)
    const before = life?.state ?? null
    const allowed = required(BEFORE[data.state], `${data.state} is a state`)
    hold(
      before !== 'final' || this.resumed.has(this.#world.networkOf(data.rail)),
      'I3',
      () => `${row.deposit} was final and is taken back, though nobody has accepted that`,
    )
    const { rail, owner, address, sender, amount, transaction, policy } = data
    const facts = JSON.stringify([
      row.environment,
      rail,
      owner,
      address,
      sender,
      amount,
      transaction.hash,
      policy,
    ])
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

  /** Amount, parties and place are those of a movement in that very block, owner and rule those that were set. */
  #checkFacts(row: EventRow, data: Payload['data']): void {
    const { rail, owner, address, policy } = data
    const amount = BigInt(data.amount)
    hold(
      owner === ownerOf({ environment: row.environment, rail, address }),
      'I10',
      () => `${row.id} says that ${address} is of ${owner}`,
    )
    hold(
      this.#oracle.asks(row.environment, { rail, amount, policy }),
      'I3',
      () => `${row.id} goes by a rule that ${row.environment} never set for ${amount}`,
    )
    if (this.#isForged(data)) return
    const placed = this.#oracle.holds(data.block.hash, {
      rail,
      transaction: data.transaction.hash,
      sender: data.sender,
      recipient: address,
      amount,
    })
    hold(placed !== null, 'I10', () => `${row.body} speaks of a movement that never was`)
    const block = this.#block(data)
    hold(
      block.height === data.block.height && block.timeMs === Date.parse(data.block.time),
      'I10',
      () => `${row.body} names a block by the wrong height or time`,
    )
  }

  /** As many blocks were shown on top as the rule asks for, or the chain has called it final. */
  #checkConfirmed(row: EventRow, data: Payload['data']): void {
    const { policy } = data
    hold(!this.#isForged(data) || policy.providers < 2, 'I3', () => `${row.body} was never there`)
    if (this.#isForged(data)) return
    const block = this.#block(data)
    const { confirmations } = policy
    hold(
      confirmations === null || this.#isShownBelow(data, block.height + confirmations - 1),
      'I3',
      () => `${row.id} has not the ${confirmations} confirmations it claims`,
    )
    hold(
      !policy.finality || this.#chain(data).everFinal.has(block.hash),
      'I3',
      () => `${row.id} is confirmed by a finality that never was`,
    )
  }

  #checkFinal(row: EventRow, data: Payload['data']): void {
    hold(
      this.#chain(data).everFinal.has(data.block.hash),
      'I3',
      () => `${row.id} calls block ${data.block.height} final, which it never was`,
    )
  }

  /** A head that goes back is no reorg: something leaves only when another branch was shown in its place. */
  #checkGone(row: EventRow, data: Payload['data']): void {
    if (this.#isForged(data)) return
    const { height } = data.block
    const network = this.#world.networkOf(data.rail)
    const block = this.#block(data)
    const heights = Array.from({ length: height + 1 }, (_, at) => at)
    const isReplaced = heights.some((at) =>
      wasReplaced(network, at, network.chain.at(block, at)?.hash),
    )
    hold(isReplaced, 'I8', () => `${row.id}: block ${height} left, though nothing replaced it`)
  }

  #isShownBelow(data: Payload['data'], height: number): boolean {
    const { chain, providers } = this.#world.networkOf(data.rail)
    const block = this.#block(data)
    return providers.some(({ shown }) =>
      [...shown.entries()].some(
        ([at, hashes]) =>
          at >= height &&
          [...hashes.keys()].some((hash) => {
            const tip = chain.blocks.get(hash)
            return tip !== undefined && chain.isAncestor(block, tip)
          }),
      ),
    )
  }

  #isForged({ rail, block, transaction }: Payload['data']): boolean {
    const network = this.#world.networkOf(rail)
    return network.isForged({ blockHash: block.hash, transaction: transaction.hash })
  }

  #chain({ rail }: Payload['data']): SimChain {
    return this.#world.networkOf(rail).chain
  }

  #block(data: Payload['data']): SimBlock {
    const block = this.#chain(data).blocks.get(data.block.hash)
    return required(block, 'a block that holds a movement exists')
  }
}

/** Whether another block of that height was shown since ours was; a branch that was left before is none of it. */
function wasReplaced({ providers }: Network, height: number, ours: Hex | undefined): boolean {
  const shown = providers.flatMap((provider) => [...(provider.shown.get(height) ?? [])])
  const firsts = shown.flatMap(([hash, { firstMs }]) => (hash === ours ? [firstMs] : []))
  const sinceMs = firsts.length === 0 ? 0 : Math.min(...firsts)
  return shown.some(([hash, { lastMs }]) => hash !== ours && lastMs >= sinceMs)
}
