import { createApp, type App } from '../../src/app.ts'
import type { Config } from '../../src/config/config.ts'
import type { LaneHost } from '../../src/delivery/lane-loops.ts'
import { AppError } from '../../src/domain/error.ts'
import { SourceError } from '../../src/domain/source.ts'
import { StaleStepError } from '../../src/domain/step.ts'
import { required } from '../../src/lib/assert.ts'
import type { Clock } from '../../src/lib/clock.ts'
import type { Actor } from '../../src/lib/loop.ts'
import { LeaseLostError } from '../../src/store/lease.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { SimPool } from './database/sim-pool.ts'
import {
  isBeginning,
  type Happening,
  type Mishap,
  type SessionOwner,
  type Statement,
} from './database/session.ts'
import { DATABASE_FAULTS } from './faults.ts'
import { Violation } from './violation.ts'
import type { Dice } from './world/dice.ts'
import { simHttp } from './world/providers.ts'
import { simSink } from './world/receivers.ts'
import type { World } from './world.ts'

/** How long actors rest between ticks, by the first word of their names; in virtual milliseconds. */
const REST_MS: Readonly<Record<string, number>> = {
  lease: 3_500,
  address_filter: 20_000,
  follower: 900,
  rescanner: 4_000,
  witness: 3_000,
  publisher: 2_500,
  dispatcher: 2_500,
  lane: 1_000,
  auditor: 2_000,
  gauges: 90_000,
  housekeeping: 300_000,
}

const REST_MS_OTHERS = 60_000
/** How long a transaction takes before a statement: mostly a moment, sometimes longer than the server lets it. */
const DAWDLES_MS = [
  ...Array.from({ length: 12 }, () => [1, 300] as const),
  ...Array.from({ length: 3 }, () => [300, 3_500] as const),
  [4_000, 12_000],
] as const
/** So much more often before a commit: all it wrote is written then, and nobody else sees it. */
const AT_COMMIT = 3
/** Its real pool lends ten at a time; the simulator's lends as many as are asked for at once. */
const SESSIONS_MAX = 32

/** The real application in a simulated process, which may be paused, lose its connections, or be killed. */
export class Daemon implements SessionOwner {
  readonly name: string
  readonly #world: World
  readonly #dice: Dice
  readonly #leisure: Dice
  readonly #startedMs: number
  readonly #ticking = new Set<Actor>()
  readonly #lanes = new Set<Actor>()
  #pool: SimPool | null = null
  #app: App | null = null
  #pausedUntilMs = 0
  #wallErrorMs = 0
  isAlive = true
  /** Resolves to null when the process dies: what its clients see. */
  readonly death: Promise<null>
  #die: () => void = () => undefined

  constructor(name: string, world: World) {
    this.name = name
    this.#world = world
    this.#dice = world.dice.fork(name)
    this.#leisure = this.#dice.fork('interleavings')
    this.#startedMs = world.time.nowMs
    this.death = new Promise((resolve) => {
      this.#die = () => resolve(null)
    })
  }

  /** Runs something that a person or a client does with this daemon. */
  async serve(work: () => Promise<void>): Promise<void> {
    await this.#world.operations.run(() => Promise.race([work(), this.death]))
  }

  get app(): App {
    return required(this.#app, `${this.name} has started`)
  }

  get databaseTime(): Date {
    return new Date(this.#world.time.nowMs)
  }

  /** A lane per endpoint at most, and no more statements waiting than its actors and clients have reason to. */
  get isBounded(): boolean {
    const isLaned = this.#lanes.size <= this.#world.receivers.length
    return isLaned && (this.#pool?.lent ?? 0) <= SESSIONS_MAX
  }

  get openTransactions(): number {
    return this.#pool?.openTransactions ?? 0
  }

  get isWaiting(): boolean {
    return this.#pool?.isWaiting ?? false
  }

  async start(config: Config): Promise<void> {
    const wait = (ms: number) => (this.#app === null ? Promise.resolve() : this.#wait(ms))
    const { networks, receivers } = this.#world
    const providers = networks.flatMap((network) => network.providers)
    const log = createLogger({
      level: 'error',
      destination: { write: (line) => this.#world.heard(this, line) },
    })
    this.#app = await createApp(config, {
      env: { clock: this.#clock(), random: this.#dice.fork('random').asRandom() },
      log,
      http: simHttp(providers, wait),
      sink: simSink(receivers, wait),
      lanes: this.#laneHost(),
      wrapPool: (pool) => {
        this.#pool = new SimPool(this, pool, this.#world)
        // The pool's type has far more to it than is ever used of it.
        return this.#pool as unknown as typeof pool
      },
    })
    for (const actor of this.#app.actors) this.#schedule(actor, this.#dice.between(0, 500))
  }

  /** As `kill -9` does: nothing of it goes on, and the server rolls its transactions back. */
  async kill(): Promise<void> {
    if (!this.isAlive) return
    this.isAlive = false
    this.#world.died(this)
    await this.#pool?.abandon()
    this.#die()
  }

  pause(ms: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#world.time.nowMs + ms)
  }

  jumpWallClock(ms: number): void {
    this.#wallErrorMs = ms
  }

  befalls(statement: string, inTransaction: boolean): Mishap | null {
    const rates = this.#world.databaseRates
    const drawn = DATABASE_FAULTS.find((fault) => this.#dice.chance(rates[fault] ?? 0))
    if (drawn === undefined) return null
    const where =
      statement === 'commit' ? 'at COMMIT' : inTransaction ? 'in a transaction' : 'alone'
    this.#world.coverage.count(`F10/F11 ${drawn} ${where}`)
    this.#world.transcript.tell(`${this.name}: ${drawn} ${where}, ${statement.trim().slice(0, 40)}`)
    return drawn
  }

  /**
   * Between what was read and the transaction that writes: the place where a pause does most harm. Before a request's
   * nothing was read, and its client would wait as well.
   */
  async linger(statement: string): Promise<void> {
    if (!isBeginning(statement) || this.#world.operations.isWithin) return
    if (!this.#dice.chance(this.#world.pauseRate)) return
    const ms = this.#dice.between(2_000, 40_000)
    this.#world.coverage.count('F10 paused before a transaction')
    this.#world.transcript.tell(`${this.name}: paused for ${ms} ms before a transaction`)
    this.pause(ms)
    await this.#wait(0)
  }

  /** Within a transaction: what others do meanwhile its locks have to hold off. A paused process waits there, too. */
  dawdle(statement: string): Promise<void> | null {
    const { dawdleRate, operations, time, coverage, transcript } = this.#world
    if (dawdleRate === 0) return null
    const isPaused = this.#pausedUntilMs > time.nowMs && !operations.isWithin
    const rate = statement === 'commit' ? dawdleRate * AT_COMMIT : dawdleRate
    if (!this.#leisure.chance(rate) && !isPaused) return null
    const [low, high] = this.#leisure.pick(DAWDLES_MS)
    const ms = this.#leisure.between(low, high)
    coverage.count(`F11 ${operations.isWithin ? 'a request' : 'an actor'} dawdled in a transaction`)
    transcript.tell(`${this.name}: takes ${ms} ms before ${statement.trim().slice(0, 40)}`)
    if (!operations.isWithin) this.#world.dawdled(ms)
    return operations.letTimePass(this.#wait(ms))
  }

  letTimePass(wait: Promise<void>): Promise<void> {
    return this.#world.operations.letTimePass(wait)
  }

  happened(what: Happening): void {
    this.#world.coverage.count(`F11 ${what}`)
    if (what !== 'a transaction overlapped another') {
      this.#world.transcript.tell(`${this.name}: ${what}`)
    }
  }

  ran(statement: string, values: readonly unknown[], rows: number): void {
    this.#world.ran(this, statement, values, rows)
  }

  committed(statements: readonly Statement[]): void {
    this.#world.committed(this, statements)
  }

  /** Resolves after virtual time, unless the process is dead by then. */
  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#after(ms, resolve))
  }

  #after(ms: number, run: () => void): void {
    const { time } = this.#world
    time.after(ms, () => {
      if (!this.isAlive) return
      const leftMs = this.#pausedUntilMs - time.nowMs
      if (leftMs > 0) this.#after(leftMs, run)
      else run()
    })
  }

  #schedule(actor: Actor, ms: number): void {
    this.#after(ms, () => {
      const isLane = actor.name === 'lane'
      if (isLane && !this.#lanes.has(actor)) return
      this.#ticking.add(actor)
      actor.tick().then(
        ({ pace, name }) => this.#ended(actor, pace === 'busy' ? 0 : this.#restMs(actor), name),
        (error: unknown) => this.#failed(actor, error),
      )
    })
  }

  #ended(actor: Actor, restMs: number, outcome: string): void {
    if (!this.isAlive) return
    this.#ticking.delete(actor)
    this.#world.ticked(this, actor, outcome)
    this.#schedule(actor, restMs + this.#dice.between(0, 20))
  }

  #failed(actor: Actor, error: unknown): void {
    if (!this.isAlive) return
    if (isExpected(error)) this.#ended(actor, this.#dice.between(100, 2_000), nameOf(error))
    else this.#world.failed(error)
  }

  #restMs(actor: Actor): number {
    const [kind = ''] = actor.name.split(':')
    const restMs = REST_MS[kind] ?? REST_MS_OTHERS
    const pace = this.#world.profile.paces[kind] ?? 1
    return Math.round(restMs * pace * (0.5 + this.#dice.fraction()))
  }

  #laneHost(): LaneHost {
    return {
      start: (lane) => {
        this.#lanes.add(lane)
        this.#schedule(lane, this.#dice.between(0, 100))
      },
      stop: (lane) => void this.#lanes.delete(lane),
      close: () => {
        this.#lanes.clear()
        return Promise.resolve()
      },
    }
  }

  #clock(): Clock {
    const { time } = this.#world
    return {
      now: () => new Date(time.nowMs + this.#wallErrorMs),
      monotonicMs: () => time.nowMs - this.#startedMs,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          if (signal?.aborted === true) return resolve()
          signal?.addEventListener('abort', () => resolve(), { once: true })
          this.#after(ms, resolve)
        }),
    }
  }
}

/** Bad luck that a tick may throw. Anything else is a bug: broken assertions above all. */
export function isExpected(error: unknown): boolean {
  if (error instanceof Violation) return false
  if (error instanceof SourceError || error instanceof LeaseLostError) return true
  if (error instanceof StaleStepError || error instanceof AppError) return true
  if (!(error instanceof Error)) return false
  if (error.message === 'Connection terminated unexpectedly') return true
  const code = 'code' in error ? error.code : null
  return code === '40001' || code === '40P01' || code === '25P02'
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown error'
}
