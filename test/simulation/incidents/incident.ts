import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { readCursor, retryChain, type Cursor } from '../../../src/block/block-store.ts'
import type { Config } from '../../../src/config/config.ts'
import { savePolicy } from '../../../src/confirmation/policy-store.ts'
import type { Chain, Family, FinalityRule } from '../../../src/domain/chain.ts'
import type { Policy } from '../../../src/domain/policy.ts'
import { createApiKey } from '../../../src/environment/api-key-store.ts'
import { createEnvironment, enableRail } from '../../../src/environment/environment-store.ts'
import { required } from '../../../src/lib/assert.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { testDatabase } from '../../support/database.ts'
import { Daemon } from '../daemon.ts'
import { SimServer } from '../database/server.ts'
import { Judge } from '../judge.ts'
import { Observer } from '../observer.ts'
import { Operators } from '../operators.ts'
import { Oracle, ownerOf } from '../oracle.ts'
import { drawProfile, type Profile } from '../profile.ts'
import { SIMPLIFICATIONS, simplified } from '../simplify.ts'
import { World } from '../world.ts'
import type { Fate } from '../world/chain.ts'
import type { Network } from '../world/network.ts'
import type { SimTransaction } from '../world/transaction.ts'

const ENVIRONMENT = 'acme-test'
/** No script takes as many: a world that does not come to rest is a failure. */
const STEPS_MAX = 20_000
/** A look at the database costs as much as the steps between two. */
const LOOK_EVERY_STEPS = 40
/** Further behind the finalized block than so many, history is read in ranges, of which only the ends are kept. */
const FOLLOWED_BLOCKS_MAX = 60
/** The script itself says what each node shows, and when. */
const NEVER_MS = 1e12

export interface Facts {
  readonly name: string
  readonly family: Family
  readonly blockSeconds: number
  readonly finality: FinalityRule
  /** How far behind the head the chain calls blocks final, while it does. */
  readonly finalLag: number
  readonly reorgWindow: number
  readonly policy: Policy
  /** Blocks there are before the daemon starts. */
  readonly history: number
}

export interface Payment {
  readonly hash: Hex
  readonly transaction: SimTransaction
}

/**
 * One thing that happened to a chain, told again to the real application: a generated chain that does what its
 * script says, one provider that shows it faithfully, one receiver that takes everything. Nothing is drawn but
 * hashes. Each event is held against the chain as it is at that moment, as in a simulated seed.
 */
export class Incident implements AsyncDisposable {
  readonly world: World
  readonly network: Network
  readonly #facts: Facts
  readonly #server: SimServer
  readonly #oracle: Oracle
  readonly #observer: Observer
  readonly #operators: Operators
  readonly #judge: Judge
  #daemon: Daemon | null = null
  #started = 0
  #key = ''
  #isFinalizing = true

  private constructor(url: string, facts: Facts) {
    this.#facts = facts
    this.#server = new SimServer(url)
    this.world = new World(profileOf(facts), this.#server, () => undefined)
    this.network = required(this.world.networks[0], 'a world has a chain')
    this.#oracle = new Oracle(this.world.networks)
    this.#observer = new Observer(this.world, this.#oracle)
    this.#operators = new Operators(this.world, this.#oracle)
    this.#judge = new Judge(this.world, this.#oracle, this.#operators)
  }

  static async begin(t: TestContext, facts: Facts): Promise<Incident> {
    const { url } = await testDatabase(t)
    const incident = new Incident(url, facts)
    await incident.#server.reset()
    incident.mine(facts.history)
    await incident.startDaemon()
    await incident.#prepare()
    await incident.settle()
    return incident
  }

  get daemon(): Daemon {
    return required(this.#daemon, 'the daemon runs')
  }

  async startDaemon(): Promise<void> {
    this.#started += 1
    this.#daemon = new Daemon(`daemon-${this.#started}`, this.world)
    await this.#daemon.start(this.#config())
  }

  /** Another process in the place of the one that runs. */
  async restart(): Promise<void> {
    await this.daemon.kill()
    await this.startDaemon()
  }

  /** So many blocks, a block time apart; what is paid is in the first of them. */
  mine(count: number, transactions: readonly SimTransaction[] = []): void {
    const { chain } = this.network
    const { time } = this.world
    for (let mined = 0; mined < count; mined += 1) {
      time.leap(this.#facts.blockSeconds * 1_000)
      chain.mine(mined === 0 ? transactions : [], time.nowMs)
      if (this.#isFinalizing) chain.finalizeUpTo(chain.tip.height - this.#facts.finalLag)
    }
    this.show()
  }

  /** So many blocks, each of which the daemon has seen as the newest ones are: none of them is read in a range. */
  async follow(count: number): Promise<Cursor> {
    const stride = FOLLOWED_BLOCKS_MAX + this.#facts.finalLag
    for (let left = count; left > 0; left -= stride) {
      this.mine(Math.min(stride, left))
      await this.settle()
    }
    return this.settle()
  }

  /** A block with one payment to a customer. */
  pay(units: bigint): Payment {
    const { dice, customers } = this.world
    const to = required(customers[0], 'there is a customer')
    const { contract } = required(this.network.rails[0], 'there is a rail')
    const log = { contract, from: dice.hex(20), to, amount: units * 1_000_000n } as const
    const transaction: SimTransaction = {
      hash: dice.hex(32),
      reverted: false,
      logs: [{ ...log, shape: 'transfer' }],
    }
    this.mine(1, [transaction])
    return { hash: transaction.hash, transaction }
  }

  /** The chain goes on and calls nothing final until told to. */
  stallFinality(): void {
    this.#isFinalizing = false
  }

  resumeFinality(): void {
    this.#isFinalizing = true
    this.mine(1)
  }

  /** The newest blocks are replaced by others; what is to become of each payment in them is said by its hash. */
  reorganise(depth: number, longer: number, fates: ReadonlyMap<Hex, Fate>): void {
    const { chain } = this.network
    const fateOf = ({ hash }: SimTransaction): Fate => fates.get(hash) ?? 'again'
    const rewrite = (transaction: SimTransaction) => transaction
    chain.reorg({ depth, longer, fateOf, rewrite }, this.world.time.nowMs)
    const isBroken = chain.finalized !== null && !chain.isCanonical(chain.finalized.hash)
    if (isBroken) chain.breakFinality()
    this.show()
  }

  /** The node shows the chain as it is now, calling final what lies so much deeper than what the chain does. */
  show(finalityLag = 0): void {
    for (const { replicas } of this.network.providers) {
      for (const replica of replicas) replica.follow(0, finalityLag)
    }
  }

  /** Virtual time passes in which the daemon works and the chain does nothing. */
  async pass(seconds: number): Promise<void> {
    const { time } = this.world
    const untilMs = time.nowMs + seconds * 1_000
    while (time.nowMs < untilMs) await this.#step()
  }

  /** Until everything the node shows has been taken in and everything there is to say has been delivered. */
  async settle(): Promise<Cursor> {
    const { chain, providers } = this.network
    return this.#until('is at the tip and has nothing open', async () => {
      const cursor = await this.cursor()
      const replica = required(providers[0]?.replicas[0], 'there is a node')
      const isThere = cursor?.hash === chain.tip.hash && cursor.halt === null
      if (!isThere || (cursor.finalized?.height ?? -1) < this.#finalHeight(replica.finalized)) {
        return null
      }
      return (await this.#judge.openWork()) === null ? cursor : null
    })
  }

  async halt(): Promise<Cursor> {
    return this.#until('is halted', async () => {
      const cursor = await this.cursor()
      return cursor?.halt ? cursor : null
    })
  }

  /** A person accepts the reorg that the chain was halted for. */
  async acceptAncestor(): Promise<void> {
    this.#observer.resumed.add(this.network)
    assert.equal(await this.#operators.attend(this.daemon, this.network), 'resumed')
  }

  /** A person has seen to the providers and lets the chain look again. */
  async lookAgain(): Promise<void> {
    await this.daemon.app.db.transaction().execute((tx) => retryChain(tx, this.network.chainId))
  }

  cursor(): Promise<Cursor | null> {
    return readCursor(this.daemon.app.db, this.network.chainId)
  }

  /** What its receiver was told of a payment, in the order it was told: the last words of the events' types. */
  told({ hash }: Payment): string {
    const [receiver] = this.world.receivers
    return [...required(receiver, 'there is a receiver').processed.values()]
      .map((body) => JSON.parse(body) as { type: string; data: { transaction: { hash: string } } })
      .filter(({ data }) => this.network.codec.parseHash(data.transaction.hash) === hash)
      .map(({ type }) => type.replace('deposit.', ''))
      .join(' ')
  }

  /** What settled says is wrong with the chain; null while it is well. */
  async problem(): Promise<string | null> {
    const { body } = await this.daemon.app.server.inject({ method: 'GET', url: '/readyz' })
    const { chains } = JSON.parse(body) as { chains: { problem: string | null }[] }
    return chains[0]?.problem ?? null
  }

  async gauge(name: string): Promise<number | null> {
    const text = await this.daemon.app.metrics.registry.metrics()
    const line = new RegExp(`^settled_${name}\\{chain="${this.network.slug}"\\} (\\S+)$`, 'm').exec(
      text,
    )
    return line === null ? null : Number(line[1])
  }

  /** Lines of the log, fatal ones and errors, that speak of it. */
  logged(text: string): number {
    return this.world.lines.filter(({ msg }) => String(msg).includes(text)).length
  }

  /** The deposits are those of the chain, each once, and all of them final. */
  async assertMirrorsChain(): Promise<void> {
    await this.#judge.explain()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon?.kill()
    await this.#server.close()
  }

  #finalHeight(shown: { readonly height: number } | null): number {
    const { finality } = this.#facts
    if (finality.kind === 'finalized') return shown?.height ?? -1
    return this.network.chain.tip.height - finality.blocks + 1
  }

  async #until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
    for (let steps = 0; steps < STEPS_MAX; steps += 1) {
      if (steps % LOOK_EVERY_STEPS === 0) {
        const found = await look()
        if (found !== null) return found
      }
      await this.#step()
    }
    const cursor = await this.cursor()
    throw new Error(`it never ${what}: ${JSON.stringify(cursor)}, ${await this.problem()}`)
  }

  /** Lets one thing happen, and everything that follows from it at once. */
  async #step(): Promise<void> {
    const { world } = this
    world.time.step()
    do {
      await world.gate.whenIdle()
      await turn()
    } while (!world.gate.isOpen)
    if (world.hasNewEvents) {
      world.hasNewEvents = false
      await this.#observer.look()
    }
    if (world.failure !== null) throw world.failure
  }

  async #prepare(): Promise<void> {
    const { world, network, daemon } = this
    const now = new Date(world.time.nowMs)
    const rail = required(network.rails[0], 'there is a rail')
    await daemon.app.db.transaction().execute(async (tx) => {
      const environment = await createEnvironment(tx, { id: ENVIRONMENT, kind: 'test', now })
      await enableRail(tx, { environment: ENVIRONMENT, rail: rail.id, now })
      const { policy } = this.#facts
      const by = { author: 'incident', reason: 'as scripted', now }
      const version = await savePolicy(tx, { environment: ENVIRONMENT, rail, policy, ...by })
      this.#oracle.saved.push({ environment: ENVIRONMENT, rail: rail.id, policy, version })
      const clock = { now: () => now, monotonicMs: () => 0, sleep: () => Promise.resolve() }
      const env = { clock, random: world.dice.fork('keys').asRandom() }
      this.#key = (await createApiKey(tx, { environment, name: 'incident', env })).key
    })
    const receiver = required(world.receivers[0], 'there is a receiver')
    const endpoint = await this.#post('/v1/endpoints', { url: receiver.url })
    receiver.endpointId = String(endpoint['id'])
    const address = required(world.customers[0], 'there is a customer')
    const owner = ownerOf({ environment: ENVIRONMENT, rail: rail.id, address })
    const asked = { rail: rail.id, address: network.codec.formatAddress(address), owner }
    const { registered_height: height } = await this.#post('/v1/addresses', asked)
    this.#oracle.registered.push({
      environment: ENVIRONMENT,
      rail: rail.id,
      address,
      watchFrom: null,
      registeredHeight: (height as number | null) ?? -1,
    })
  }

  async #post(url: string, payload: object): Promise<Record<string, unknown>> {
    const headers = { authorization: `Bearer ${this.#key}` }
    const answer = await this.daemon.app.server.inject({ method: 'POST', url, headers, payload })
    assert.ok(answer.statusCode < 300, answer.body)
    return JSON.parse(answer.body) as Record<string, unknown>
  }

  #config(): Config {
    const { config } = this.world
    const { finality, reorgWindow, blockSeconds } = this.#facts
    const [of, ...others] = config.chains
    assert.ok(of !== undefined && others.length === 0, 'a world has one chain')
    const chain: Chain = { ...of.chain, finality, reorgWindow, blockTimeSeconds: blockSeconds }
    return { ...config, chains: [{ ...of, chain }] }
  }
}

/** A seed from which everything that goes wrong is taken out. */
function profileOf({ name, family, blockSeconds }: Facts): Profile {
  const calm = simplified(drawProfile(name), SIMPLIFICATIONS)
  const [provider] = calm.providers
  const node = { ...required(provider, 'a profile has a provider'), refreshMs: NEVER_MS }
  const manners = { ...node.manners, rangeMax: 5_000, fullBlooms: false }
  const tron = { ...node.tron, isKeyed: false }
  return {
    ...calm,
    family,
    blockMs: blockSeconds * 1_000,
    providers: [{ ...node, manners, tron }],
    receivers: [{}],
    witnesses: 1,
  }
}
