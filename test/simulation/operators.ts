import { lockCursor, retryChain } from '../../src/block/block-store.ts'
import { acceptReorg } from '../../src/drift/accept-reorg.ts'
import { createApiKey } from '../../src/environment/api-key-store.ts'
import { createEnvironment, enableRail } from '../../src/environment/environment-store.ts'
import { savePolicy } from '../../src/confirmation/policy-store.ts'
import type { Rail } from '../../src/domain/chain.ts'
import type { Policy } from '../../src/domain/policy.ts'
import { required } from '../../src/lib/assert.ts'
import { isExpected, type Daemon } from './daemon.ts'
import { FeedReader } from './feed-reader.ts'
import { ownerOf, type Oracle, type Registered, type Saved } from './oracle.ts'
import { hold, Violation } from './violation.ts'
import type { World } from './world.ts'
import type { Dice } from './world/dice.ts'
import type { Network } from './world/network.ts'
import type { Receiver } from './world/receivers.ts'
import { placedLogs } from './world/transaction.ts'

const ENVIRONMENTS = ['acme-test', 'globex-test'] as const

interface Answer {
  readonly status: number
  readonly body: string
}

interface Asking {
  readonly method: 'GET' | 'POST' | 'PATCH'
  readonly url: string
  readonly environment: string
  readonly payload?: object
}

interface Registration extends Pick<Registered, 'environment' | 'address' | 'watchFrom'> {
  readonly rail: Rail
  /** As its owner writes the address. */
  readonly spelt: string
}

/** The people and programs that use settled through its API while everything else happens. */
export class Operators {
  readonly readers: readonly FeedReader[]
  readonly #world: World
  readonly #oracle: Oracle
  readonly #dice: Dice
  readonly #keys = new Map<string, string>()
  readonly #inDoubt = new Map<string, Registration>()
  #requests = 0

  constructor(world: World, oracle: Oracle) {
    this.#world = world
    this.#oracle = oracle
    this.#dice = world.dice.fork('operators')
    this.readers = ENVIRONMENTS.map((environment) => new FeedReader(environment))
  }

  /** Before anything goes wrong: environments, keys, policies, endpoints, the first addresses. */
  async prepare(daemon: Daemon): Promise<void> {
    const { db } = daemon.app
    const now = new Date(this.#world.time.nowMs)
    const random = this.#dice.fork('keys').asRandom()
    const clock = { now: () => now, monotonicMs: () => 0, sleep: () => Promise.resolve() }
    for (const id of ENVIRONMENTS) {
      await db.transaction().execute(async (tx) => {
        const environment = await createEnvironment(tx, { id, kind: 'test', now })
        for (const rail of this.#railsOf(id)) {
          await enableRail(tx, { environment: id, rail: rail.id, now })
          const saved = this.#drawPolicy(id, rail)
          saved.version = await this.#savePolicy(tx, saved, rail, now)
        }
        const env = { clock, random }
        const { key } = await createApiKey(tx, { environment, name: 'simulator', env })
        this.#keys.set(id, key)
      })
    }
    for (const receiver of this.#world.receivers) await this.#createEndpoint(daemon, receiver)
    for (const address of this.#world.customers.slice(0, 5)) {
      await this.register(daemon, 'acme-test', address)
      if (this.#dice.chance(0.5)) await this.register(daemon, 'globex-test', address)
    }
  }

  /** One thing that somebody does now. */
  async act(daemon: Daemon): Promise<void> {
    const { profile } = this.#world
    const dice = this.#dice
    if (dice.chance(profile.lateRegistrations)) {
      await this.register(daemon, dice.pick(ENVIRONMENTS), dice.pick(this.#world.customers))
    }
    if (dice.chance(profile.policyChanges)) await this.#changePolicy(daemon)
    if (dice.chance(profile.replays)) await this.#replay(daemon, dice.pick(this.#world.receivers))
    if (dice.chance(profile.endpointSwitches)) await this.#switchOff(daemon)
    await this.readFeeds(daemon, dice.between(1, 5))
  }

  /** The same while a transaction takes its time. Of a block whose payee registers right then it must miss nothing. */
  async actMeanwhile(daemon: Daemon): Promise<void> {
    const { networks, customers, profile } = this.#world
    const paid = networks.flatMap(({ chain }) => placedLogs(chain.tip)).map(({ log }) => log.to)
    const payees = customers.filter((customer) => paid.includes(customer))
    if (profile.lateRegistrations === 0 || payees.length === 0) return this.act(daemon)
    await this.register(daemon, this.#dice.pick(ENVIRONMENTS), this.#dice.pick(payees))
  }

  async readFeeds(daemon: Daemon, limit: number): Promise<void> {
    for (const reader of this.readers) {
      if (reader.isReading) continue
      const { environment, after } = reader
      const url = `/v1/events?after=${after}&limit=${limit}`
      reader.isReading = true
      const answer = await this.#ask(daemon, { method: 'GET', url, environment })
      reader.isReading = false
      if (answer?.status === 200) reader.take(JSON.parse(answer.body))
    }
  }

  async register(
    daemon: Daemon,
    environment: string,
    address: Registered['address'],
  ): Promise<void> {
    const dice = this.#dice
    const rail = dice.pick(this.#railsOf(environment))
    const known = this.#oracle.registered.some(
      (one) => one.environment === environment && one.rail === rail.id && one.address === address,
    )
    if (known) return
    const name = `${environment} ${rail.id} ${address}`
    const registration = this.#inDoubt.get(name) ?? this.#draw(environment, rail, address)
    this.#inDoubt.set(name, registration)
    await this.#conclude(daemon, registration)
  }

  #draw(environment: string, rail: Rail, address: Registered['address']): Registration {
    const dice = this.#dice
    const { chain, family } = this.#world.networkOf(rail.id)
    const watchFrom = dice.chance(0.5) ? dice.between(0, chain.tip.height) : null
    const spellings = family.spellings(address)
    const spelt = dice.fork(`${environment} ${rail.id} ${address}`).pick(spellings)
    return { environment, rail, address, watchFrom, spelt }
  }

  /** Whoever got no answer does not know whether it was registered, and has to ask until there is one. */
  async #conclude(daemon: Daemon, registration: Registration): Promise<void> {
    const { environment, rail, address, watchFrom, spelt } = registration
    const payload = {
      rail: rail.id,
      address: spelt,
      owner: ownerOf({ environment, rail: rail.id, address }),
      watch_from: watchFrom,
    }
    const network = this.#world.networkOf(rail.id)
    const shown = highestShown(network)
    const answer = await this.#persist(daemon, {
      method: 'POST',
      url: '/v1/addresses',
      environment,
      payload,
    })
    const { registered_height } = JSON.parse(answer.body) as { registered_height: number | null }
    const registeredHeight = registered_height ?? -1
    hold(
      registeredHeight <= Math.max(shown, highestShown(network)),
      'I1',
      () => `registered at height ${registeredHeight}, which nobody has shown`,
    )
    // Two who asked for the same one while it took its time have the same answer.
    if (!this.#inDoubt.delete(`${environment} ${rail.id} ${address}`)) return
    this.#oracle.registered.push({
      environment,
      rail: rail.id,
      address,
      watchFrom,
      registeredHeight,
    })
    if (registeredHeight >= 0) this.#world.coverage.count('F15 registered late')
    this.#world.transcript.tell(
      `${environment} registers ${address} on ${rail.id} from ${watchFrom}`,
    )
  }

  /**
   * Registrations that a daemon took to its grave are asked for again. What a receiver that was off has missed is
   * asked for by range, as its owner would.
   */
  async catchUp(daemon: Daemon): Promise<void> {
    for (const registration of this.#inDoubt.values()) await this.#conclude(daemon, registration)
    const off = this.#world.receivers.filter(({ wasOff }) => wasOff)
    for (const receiver of off) await this.#setState(daemon, receiver, 'enabled')
    await this.readFeeds(daemon, 1_000)
    for (const receiver of off) {
      const reader = required(
        this.readers.find(({ environment }) => environment === receiver.environment),
        'every environment has a reader',
      )
      if (reader.after === 0) continue
      const url = `/v1/endpoints/${receiver.endpointId}/replay`
      const payload = { from_seq: 1, to_seq: reader.after }
      const { environment } = receiver
      await this.#persist(daemon, { method: 'POST', url, environment, payload })
    }
  }

  /**
   * What a person does about a halt who knows the chain: follows it if it broke its word, else has it looked at again.
   * And so where there is no ancestor to accept, because others still uphold what is gone: that ends when they have
   * come along.
   */
  async attend(daemon: Daemon, { chain, chainId }: Network): Promise<'resumed' | 'retried' | null> {
    try {
      return await daemon.app.db.transaction().execute(async (tx) => {
        const cursor = await lockCursor(tx, chainId)
        if (cursor === null || cursor.halt === null) return null
        const { halt, finalized } = cursor
        hold(
          finalized === null || chain.everFinal.has(finalized.hash),
          'I3',
          () => `the chain stands still for block ${finalized?.height}, which never was final`,
        )
        const isKept = finalized === null || chain.isCanonical(finalized.hash)
        if (!isKept && halt.ancestor !== null) {
          await acceptReorg(tx, chainId, halt.ancestor)
          return 'resumed'
        }
        await retryChain(tx, chainId)
        if (isKept) return 'retried'
        this.#world.transcript.tell(`a person has it looked at again: ${halt.reason}`)
        return null
      })
    } catch (error) {
      if (!isExpected(error)) throw error
      return null
    }
  }

  async #createEndpoint(daemon: Daemon, receiver: Receiver): Promise<void> {
    const { environment, url } = receiver
    const asking = { method: 'POST', url: '/v1/endpoints', environment, payload: { url } } as const
    const answer = await this.#persist(daemon, asking)
    receiver.endpointId = (JSON.parse(answer.body) as { id: string }).id
  }

  async #changePolicy(daemon: Daemon): Promise<void> {
    const environment = this.#dice.pick(ENVIRONMENTS)
    const rail = this.#dice.pick(this.#railsOf(environment))
    const now = new Date(this.#world.time.nowMs)
    const saved = this.#drawPolicy(environment, rail)
    try {
      const { db } = daemon.app
      saved.version = await db.transaction().execute((tx) => this.#savePolicy(tx, saved, rail, now))
      this.#world.coverage.count('F15 policy changed')
      this.#world.transcript.tell(`${environment} changes its policy for ${rail.id}`)
    } catch (error) {
      if (!isExpected(error)) throw error
      this.#world.coverage.count('F15 policy change failed')
    }
  }

  async #replay(daemon: Daemon, receiver: Receiver): Promise<void> {
    const reader = this.readers.find(({ environment }) => environment === receiver.environment)
    const last = reader?.after ?? 0
    if (last === 0) return
    const url = `/v1/endpoints/${receiver.endpointId}/replay`
    const payload = { from_seq: this.#dice.between(1, last), to_seq: last }
    const { environment } = receiver
    const answer = await this.#ask(daemon, { method: 'POST', url, environment, payload })
    if (answer?.status === 202) this.#world.coverage.count('F15 replayed')
    this.#world.transcript.tell(`${environment} replays ${payload.from_seq} to ${last}`)
  }

  async #switchOff(daemon: Daemon): Promise<void> {
    const receiver = this.#dice.pick(this.#world.receivers)
    const state = this.#dice.chance(0.5) ? 'disabled' : 'enabled'
    receiver.wasOff ||= state === 'disabled'
    await this.#setState(daemon, receiver, state)
    this.#world.coverage.count(`F15 endpoint ${state}`)
  }

  async #setState(daemon: Daemon, receiver: Receiver, state: string): Promise<void> {
    const { endpointId, environment } = receiver
    const url = `/v1/endpoints/${endpointId}`
    await this.#persist(daemon, { method: 'PATCH', url, environment, payload: { state } })
  }

  /** Asks again until there is an answer, under one idempotency key, as a careful client does. */
  async #persist(daemon: Daemon, asking: Asking): Promise<Answer> {
    this.#requests += 1
    const key = `request-${this.#requests}`
    for (let tries = 0; tries < 20; tries += 1) {
      const answer = await this.#ask(daemon, asking, key)
      // The daemon is dead, and so is whoever waits for it.
      if (answer === null) return new Promise(() => undefined)
      if (answer.status < 400) return answer
      hold(answer.status >= 500, 'API', () => `${asking.method} ${asking.url}: ${answer.body}`)
    }
    throw new Violation('API', `${asking.method} ${asking.url}: no answer but 5xx`)
  }

  async #ask(daemon: Daemon, asking: Asking, key?: string): Promise<Answer | null> {
    const { method, url, environment, payload } = asking
    const bearer = required(this.#keys.get(environment), `${environment} has a key`)
    const headers = {
      authorization: `Bearer ${bearer}`,
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    }
    const request = { method, url, headers, ...(payload === undefined ? {} : { payload }) }
    const asked = daemon.app.server
      .inject(request)
      .then(({ statusCode, body }) => ({ status: statusCode, body }))
    const answer = await Promise.race([asked, daemon.death])
    this.#world.transcript.note(`${method} ${url} ${answer?.status} ${answer?.body}`)
    return answer
  }

  /** The oracle knows of it before the database does: of a commit whose answer is lost nobody knows whether it was. */
  #drawPolicy(environment: string, rail: Rail): Saved {
    const saved: Saved = { environment, rail: rail.id, policy: this.#policy(rail), version: null }
    this.#oracle.saved.push(saved)
    return saved
  }

  #savePolicy(
    tx: Parameters<typeof savePolicy>[0],
    { environment, policy }: Saved,
    rail: Rail,
    now: Date,
  ): Promise<number> {
    const by = { author: 'simulator', reason: 'drawn', now }
    return savePolicy(tx, { environment, rail, policy, ...by })
  }

  #policy(rail: Rail): Policy {
    const dice = this.#dice
    const { finality, providers } = this.#world.networkOf(rail.id).profile
    const witnesses = Math.min(this.#world.profile.witnesses, providers.length)
    const few = dice.between(1, 3)
    const more = dice.between(few, finality.lag + 4)
    const band = (upTo: bigint | null, confirmations: number | null, isFinal: boolean) => ({
      upTo,
      rule: { confirmations, finality: isFinal },
      providers: witnesses,
    })
    return {
      minimumAmount: 10_000n,
      bands: [
        band(10_000_000n, few, false),
        band(5_000_000_000n, more, dice.chance(0.3)),
        band(null, null, true),
      ],
      onFinalityStall: 'hold',
    }
  }

  #railsOf(environment: string): readonly Rail[] {
    const each = this.#world.networks.map(({ rails }) => rails)
    return each.flatMap((rails) => (environment === 'acme-test' ? rails : rails.slice(0, 1)))
  }
}

function highestShown({ providers }: Network): number {
  return Math.max(-1, ...providers.flatMap(({ shown }) => [...shown.keys()]))
}
