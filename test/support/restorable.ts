import { createEndpoint } from '../../src/delivery/endpoint-store.ts'
import { newSecret } from '../../src/delivery/signature.ts'
import type { AttemptOutcome, SendRequest } from '../../src/delivery/sink.ts'
import { savePolicy } from '../../src/confirmation/policy-store.ts'
import type { Address } from '../../src/domain/chain.ts'
import { createApiKey } from '../../src/environment/api-key-store.ts'
import { assert, required } from '../../src/lib/assert.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { registerAddresses } from '../../src/match/address-store.ts'
import { openDatabase, type Db } from '../../src/store/database.ts'
import { TWO_BANDS } from './anvil-world.ts'
import type { Bookkeeper, Page, RestoredTo, Told, ToldEvent } from './bookkeeper.ts'
import { ANVIL, ENVIRONMENT, flowWorldOn, RAIL } from './flow-world.ts'
import { cursorOf, resume } from './halted.ts'
import type { ScriptedChain } from './scripted-chain.ts'
import { onServer, siblingUrl } from './server.ts'
import { startDaemon, type WholeDaemon } from './whole-daemon.ts'

export interface RestorableOptions {
  readonly chain: ScriptedChain
  readonly now: () => Date
  /** Who takes webhooks, by URL. */
  readonly endpoints: ReadonlyMap<string, Bookkeeper>
}

interface Backup {
  readonly url: string
  readonly moment: Date
  /** Which of all minimums was in force. */
  readonly minimum: number
}

/** A daemon on a database that is backed up, lost and restored, by an operator who does as docs/operations.md says. */
export class Restorable {
  readonly #options: RestorableOptions
  readonly #url: string
  #key: string
  #daemon: WholeDaemon
  #backup: Backup | null = null
  /** What the operator knows of addresses from elsewhere: since which height each is asked for. */
  readonly #addresses = new Map<Address, number | undefined>()
  /** Below what a transfer was dust, the newest last: known from elsewhere as well. */
  readonly #minimums = [TWO_BANDS.minimumAmount]
  /** The last number of the feed before the last `serve`. */
  #lastNumber = 0

  private constructor(options: RestorableOptions, url: string, begun: Begun) {
    this.#options = options
    this.#url = url
    this.#key = begun.key
    this.#daemon = begun.daemon
  }

  /** On a database that nobody is connected to; it is emptied first. */
  static async open(url: string, options: RestorableOptions): Promise<Restorable> {
    return new Restorable(options, url, await begin(url, options, 0))
  }

  get db(): Db {
    return this.#daemon.db
  }

  get lastNumber(): number {
    return this.#lastNumber
  }

  async register(addresses: readonly Address[], watchFrom?: number): Promise<void> {
    for (const address of addresses) this.#addresses.set(address, watchFrom)
    await register(this.db, this.#addresses, this.#options.now())
  }

  /** Whatever is less is dust from now on. */
  async setMinimum(amount: bigint): Promise<void> {
    this.#minimums.push(amount)
    await setMinimum(this.db, amount, this.#options.now())
  }

  /** The daemon does all there is to do; a person accepts whatever it halts for. */
  async settle(): Promise<void> {
    await this.#daemon.settle()
    while ((await cursorOf(this)).halt !== null) {
      await resume(this)
      await this.#daemon.settle()
    }
  }

  async backUp(): Promise<void> {
    await this.#daemon.stop()
    const url = siblingUrl(this.#url, `${nameOf(this.#url)}_backup`)
    await onServer(url, async (client) => {
      await client.query(`drop database if exists ${nameOf(url)}`)
      await client.query(`create database ${nameOf(url)} template ${nameOf(this.#url)}`)
    })
    const minimum = this.#minimums.length - 1
    this.#backup = { url, moment: this.#options.now(), minimum }
    this.#daemon = await serve(this.#url, this.#options, 0)
  }

  async lose(): Promise<void> {
    await this.#daemon.stop()
  }

  /** From the backup, up to `serve`. */
  async restore(): Promise<RestoredTo> {
    const { url, moment, minimum } = required(this.#backup, 'backed up before')
    this.#daemon = await serve(url, this.#options, 0)
    await this.#bringBack(this.#minimums.slice(minimum))
    return { moment }
  }

  /** From the chain, into an empty database, up to `serve`. */
  async fillAnew(firstHeight: number): Promise<RestoredTo> {
    const { daemon, key } = await begin(this.#url, this.#options, firstHeight)
    this.#daemon = daemon
    this.#key = key
    await this.#bringBack(this.#minimums)
    return { firstHeights: new Map([[ANVIL.chain.id, firstHeight]]) }
  }

  pull(consumer: Bookkeeper): Promise<void> {
    return consumer.pull((after) => this.#get<Page>(`/v1/events?limit=5&after=${after}`))
  }

  /** What `GET` says of a deposit; null for 404. */
  readonly ask = async (id: string): Promise<Told | null> => {
    const { status, body } = await this.#daemon.get(`/v1/deposits/${id}`, this.#key)
    if (status === 404) return null
    assert(status === 200, `${id} was answered with ${status}`)
    return body as Told
  }

  /** Whether webhooks wait for another attempt. */
  async isSending(): Promise<boolean> {
    const rows = await this.db
      .selectFrom('delivery')
      .select('state')
      .where('state', '<>', 'delivered')
      .execute()
    assert(
      rows.every(({ state }) => state === 'pending'),
      'no delivery is given up',
    )
    return rows.length > 0
  }

  async close(): Promise<void> {
    await this.#daemon.stop()
    if (this.#backup === null) return
    const { url } = this.#backup
    await onServer(url, (client) => client.query(`drop database ${nameOf(url)}`))
  }

  async #get<T>(path: string): Promise<T> {
    const { status, body } = await this.#daemon.get(path, this.#key)
    assert(status === 200, `${path} was answered with ${status}`)
    return body as T
  }

  /** What is on no chain; of the minimums that were in force the lowest. Then the feed's last number is noted. */
  async #bringBack(minimums: readonly bigint[]): Promise<void> {
    const lowest = minimums.reduce((one, other) => (other < one ? other : one))
    await setMinimum(this.db, lowest, this.#options.now())
    await register(this.db, this.#addresses, this.#options.now())
    const row = await this.db.selectFrom('feed_head').select('seq').executeTakeFirst()
    this.#lastNumber = row?.seq ?? 0
  }
}

interface Begun {
  readonly daemon: WholeDaemon
  readonly key: string
}

async function begin(url: string, options: RestorableOptions, start: number): Promise<Begun> {
  const db = openDatabase({ url, poolSize: 2, applicationName: 'operator' })
  const { watch } = await flowWorldOn({ db, url }, options.chain, { policy: TWO_BANDS })
  await watch.keeper.release()
  const now = options.now()
  const env = { clock: systemClock, random: systemRandom }
  const environment = { id: ENVIRONMENT, kind: 'test' as const, createdAt: now }
  const { key } = await db.transaction().execute(async (tx) => {
    for (const endpoint of options.endpoints.keys()) {
      const id = `ep_${systemRandom.bytes(8).toString('hex')}`
      const shared = { environment: ENVIRONMENT, description: '', eventTypes: null }
      const secret = newSecret(systemRandom)
      await createEndpoint(tx, { id, ...shared, url: endpoint, secret }, now)
    }
    return createApiKey(tx, { environment, name: 'books', env })
  })
  await db.destroy()
  return { daemon: await serve(url, options, start), key }
}

function serve(url: string, options: RestorableOptions, start: number): Promise<WholeDaemon> {
  const { chain, now, endpoints } = options
  const send = async ({ url: to, eventId, body }: SendRequest): Promise<AttemptOutcome> => {
    const consumer = required(endpoints.get(to), `${to} is somebody's`)
    const payload = JSON.parse(body) as ToldEvent['payload']
    const status = consumer.receive({ id: eventId, payload })
    const kind = status === 200 ? 'delivered' : 'rejected'
    const answer = { response: Buffer.alloc(0), error: null, retryAfterMs: null }
    return { kind, startedAt: now(), durationMs: 1, status, ...answer }
  }
  const sink = { send, close: () => Promise.resolve() }
  return startDaemon({ url, source: chain, start, now, sink })
}

async function setMinimum(db: Db, minimumAmount: bigint, now: Date): Promise<void> {
  const policy = { ...TWO_BANDS, minimumAmount }
  const by = { author: 'operator', reason: 'test' }
  const change = { environment: ENVIRONMENT, rail: RAIL, policy, ...by, now }
  await db.transaction().execute((tx) => savePolicy(tx, change))
}

async function register(
  db: Db,
  addresses: ReadonlyMap<Address, number | undefined>,
  now: Date,
): Promise<void> {
  const entries = [...addresses].map(([address, watchFrom]) => ({
    rail: RAIL.id,
    address,
    owner: `owner of ${address}`,
    ...(watchFrom === undefined ? {} : { watchFrom }),
  }))
  const batch = { environment: ENVIRONMENT, chainId: ANVIL.chain.id, now, entries }
  await db.transaction().execute((tx) => registerAddresses(tx, batch))
}

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1)
}
