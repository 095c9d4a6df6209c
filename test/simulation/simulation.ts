import { setImmediate as turn } from 'node:timers/promises'
import { required } from '../../src/lib/assert.ts'
import { Course } from './course.ts'
import type { Coverage } from './coverage.ts'
import { Daemon } from './daemon.ts'
import type { SimServer } from './database/server.ts'
import { Judge } from './judge.ts'
import { Observer } from './observer.ts'
import { Operators } from './operators.ts'
import { Oracle } from './oracle.ts'
import { drawProfile, type Profile } from './profile.ts'
import { hold, Violation } from './violation.ts'
import { START_MS, World } from './world.ts'
import type { Dice } from './world/dice.ts'
import type { Network } from './world/network.ts'

export interface Result {
  readonly seed: string
  readonly profile: Profile
  /** Null when every invariant held. */
  readonly violation: { readonly invariant: string; readonly message: string } | null
  readonly phase: 'setup' | 'safety' | 'liveness' | 'end'
  readonly digest: string
  readonly script: readonly string[]
  readonly coverage: Coverage
  readonly virtualMs: number
  readonly wallMs: number
}

/** Of the calm world until it has to be at rest; a tenth of that is usual. */
const STEPS_MAX = 10_000

/** One seed from its first block to the moment when everything has converged, or something broke. */
export class Simulation {
  readonly #profile: Profile
  readonly #world: World
  readonly #oracle: Oracle
  readonly #observer: Observer
  readonly #operators: Operators
  readonly #judge: Judge
  readonly #dice: Dice
  readonly #overlaps: Dice
  readonly #deadlineMs: number
  readonly #courses: readonly Course[]
  #daemons: Daemon[] = []
  #started = 0
  #restMs: number | null = null
  #phase: Result['phase'] = 'setup'

  constructor(seed: string, server: SimServer, profile = drawProfile(seed), realMsMax = Infinity) {
    this.#deadlineMs = performance.now() + realMsMax
    this.#profile = profile
    this.#world = new World(profile, server, (daemon) => this.#onDeath(daemon))
    this.#dice = this.#world.dice.fork('events')
    this.#overlaps = this.#world.dice.fork('overlaps')
    const { networks, dice } = this.#world
    this.#courses = networks.map(
      (network, index) =>
        new Course(this.#world, network, index === 0 ? this.#dice : dice.fork('second events')),
    )
    this.#oracle = new Oracle(networks)
    this.#observer = new Observer(this.#world, this.#oracle)
    this.#operators = new Operators(this.#world, this.#oracle)
    this.#judge = new Judge(this.#world, this.#oracle, this.#operators)
  }

  async run(): Promise<Result> {
    const startedMs = performance.now()
    let violation: Result['violation'] = null
    try {
      await this.#setUp()
      await this.#safety()
      await this.#liveness()
      this.#phase = 'end'
    } catch (error) {
      violation = violationOf(error)
    }
    for (const daemon of this.#daemons) await daemon.kill()
    const { coverage, transcript, time, networks, fences } = this.#world
    coverage.count('seeds')
    if (networks.length > 1) coverage.count('seeds with two chains')
    coverage.count('takeovers', fences.takeovers)
    for (const network of networks) count(network, coverage)
    const virtualMs = time.nowMs - START_MS
    coverage.count('virtual ms', virtualMs)
    return {
      seed: this.#profile.seed,
      profile: this.#profile,
      violation,
      phase: this.#phase,
      digest: transcript.digest(),
      script: transcript.script,
      coverage,
      virtualMs,
      wallMs: performance.now() - startedMs,
    }
  }

  async #setUp(): Promise<void> {
    await this.#world.server.reset()
    for (const course of this.#courses) course.begin()
    const daemon = await this.#startDaemon()
    await daemon.serve(() => this.#operators.prepare(daemon))
  }

  /** Everything that may go wrong does. */
  async #safety(): Promise<void> {
    this.#phase = 'safety'
    this.#world.disturb()
    if (this.#profile.daemons > 1) this.#world.coverage.count('F13 two daemons')
    for (let extra = 1; extra < this.#profile.daemons; extra += 1) await this.#startDaemon()
    for (const course of this.#courses) {
      this.#every(course.network.profile.blockMs, () => course.advance())
    }
    this.#every(4_000, () => this.#operate())
    this.#world.dawdled = (ms) => this.#onDawdling(ms)
    this.#every(5_000, () => this.#disturbDaemons())
    for (const course of this.#courses) this.#every(20_000, () => this.#attend(course))
    while (this.#isGrowing) await this.#step()
  }

  /** Nothing goes wrong any more: everything has to converge. */
  async #liveness(): Promise<void> {
    this.#phase = 'liveness'
    this.#world.calm()
    for (const daemon of this.#daemons) daemon.jumpWallClock(0)
    this.#world.transcript.tell('calm')
    for (const course of this.#courses) course.calm()
    while (this.#isGrowing || this.#daemons.length === 0 || this.#isAnyoneWaiting) {
      await this.#step()
    }
    const [daemon] = this.#daemons
    await required(daemon, 'waited for above').serve(() =>
      this.#operators.catchUp(required(daemon, 'waited for above')),
    )
    for (let steps = 0; steps < STEPS_MAX; steps += 1) {
      await this.#step()
      if (steps % 40 === 0 && (await this.#isConverged())) return
    }
    await this.#judge.explain()
    const open = await this.#judge.openWork()
    throw new Violation('I12', `the world is calm and does not come to rest: ${open}`)
  }

  async #isConverged(): Promise<boolean> {
    const [daemon] = this.#daemons
    if (daemon === undefined) return false
    const waitingMs = await this.#judge.msUntilDue()
    if (waitingMs > 1_000) this.#world.time.leap(waitingMs)
    const { endsAudited } = this.#profile
    const isDone = endsAudited ? await this.#isAudited() : await this.#judge.isSettled()
    if (!isDone) return false
    await this.#serving(daemon, () => this.#operators.readFeeds(daemon, 1_000))
    await this.#judge.conclude(this.#observer)
    return true
  }

  /** Whether a second look that began when all was at rest found nothing, or nothing that is not mended by now. */
  async #isAudited(): Promise<boolean> {
    const { time } = this.#world
    if (!(await this.#judge.isAtRest())) return false
    if (this.#restMs === null) {
      this.#restMs = time.nowMs
      // Nothing would happen until the next round.
      time.leap(60_000)
    }
    if (!(await this.#judge.isAuditedSince(this.#restMs))) return false
    if (await this.#judge.isSettled()) return true
    this.#restMs = null
    return false
  }

  /** Lets one thing happen, and everything that follows from it at once. */
  async #step(): Promise<void> {
    this.#world.time.step()
    await this.#settle()
    if (this.#world.hasNewEvents) {
      this.#world.hasNewEvents = false
      await this.#observer.look()
    }
    if (this.#world.failure !== null) throw this.#world.failure
    hold(performance.now() < this.#deadlineMs, 'I12', () => 'the seed takes far too long')
    for (const daemon of this.#daemons) {
      hold(daemon.openTransactions === 0, 'P6', () => `${daemon.name} left a transaction open`)
      hold(daemon.isBounded, 'I15', () => `${daemon.name} holds more than it may`)
    }
  }

  /** Until nobody waits for the database: then everybody waits for time, or for who does. */
  async #settle(): Promise<void> {
    const { gate, operations } = this.#world
    for (;;) {
      if (!gate.isOpen) await gate.whenIdle()
      await turn()
      if (gate.isOpen && operations.areWaiting) return
    }
  }

  get #isGrowing(): boolean {
    return this.#courses.some(({ isDone }) => !isDone)
  }

  /** Somebody takes time in a transaction, or waits for its end. */
  get #isAnyoneWaiting(): boolean {
    const isAnyUnderWay = this.#world.operations.isAnyUnderWay
    return isAnyUnderWay || this.#daemons.some((daemon) => daemon.isWaiting)
  }

  #every(ms: number, run: () => void): void {
    this.#world.time.after(ms * (0.5 + this.#dice.fraction()), () => {
      run()
      this.#every(ms, run)
    })
  }

  /** A person whom an alarm has called reads why the chain was halted. */
  #attend({ network }: Course): void {
    const { alarms, coverage, transcript } = this.#world
    const [daemon] = this.#daemons
    if (daemon === undefined || !alarms.halted.has(network.slug)) return
    void this.#serving(daemon, async () => {
      const decision = await this.#operators.attend(daemon, network)
      if (decision === null) return
      alarms.halted.delete(network.slug)
      if (decision === 'resumed') this.#observer.resumed.add(network)
      coverage.count(decision === 'resumed' ? 'F1 resumed' : 'halts without cause')
      transcript.tell(`a person lets the halted chain go on: ${decision}`)
    })
  }

  #operate(): void {
    const [daemon] = this.#dice.shuffled(this.#daemons)
    if (daemon === undefined || this.#phase !== 'safety') return
    void this.#serving(daemon, () => this.#operators.act(daemon))
  }

  /** What people do while a transaction takes its time is what its locks have to hold off. */
  #onDawdling(ms: number): void {
    if (!this.#overlaps.chance(0.3)) return
    this.#world.time.after(this.#overlaps.between(0, ms), () => {
      const [daemon] = this.#overlaps.shuffled(this.#daemons)
      if (daemon === undefined || this.#phase !== 'safety') return
      void this.#serving(daemon, () => this.#operators.actMeanwhile(daemon))
    })
  }

  #disturbDaemons(): void {
    if (this.#phase !== 'safety' || this.#daemons.length === 0) return
    const { coverage, transcript } = this.#world
    const daemon = this.#dice.pick(this.#daemons)
    if (this.#dice.chance(this.#profile.pauses)) {
      const ms = this.#dice.between(3_000, 60_000)
      daemon.pause(ms)
      coverage.count('F10 paused')
      transcript.tell(`${daemon.name}: paused for ${ms} ms`)
    }
    if (this.#dice.chance(this.#profile.clockJumps)) {
      const ms = this.#dice.between(-3_600_000, 3_600_000)
      daemon.jumpWallClock(ms)
      coverage.count('F12 clock jumps')
      transcript.tell(`${daemon.name}: clock off by ${ms} ms`)
    }
  }

  async #serving(daemon: Daemon, work: () => Promise<void>): Promise<void> {
    try {
      await daemon.serve(work)
    } catch (error) {
      this.#world.failed(error)
    }
  }

  #onDeath(daemon: Daemon): void {
    this.#daemons = this.#daemons.filter((one) => one !== daemon)
    if (this.#phase === 'end' || this.#world.failure !== null) return
    this.#world.coverage.count('kills')
    this.#world.time.after(this.#dice.between(200, 20_000), () => {
      const start = this.#world.operations.run(() => this.#startDaemon())
      start.catch((error: unknown) => this.#world.failed(error))
    })
  }

  async #startDaemon(): Promise<Daemon> {
    this.#started += 1
    const daemon = new Daemon(`daemon-${this.#started}`, this.#world)
    await daemon.start(this.#world.config)
    this.#daemons.push(daemon)
    this.#world.transcript.tell(`${daemon.name} starts`)
    return daemon
  }
}

function count({ chain, profile, traffic }: Network, coverage: Coverage): void {
  coverage.count(`family ${profile.family}`)
  coverage.count('reorgs', chain.reorgs)
  coverage.count('transfers moved by reorgs', chain.moved)
  coverage.highest('max reorg depth', chain.deepest)
  for (const [kind, times] of traffic.kinds) coverage.count(`traffic ${kind}`, times)
}

function violationOf(error: unknown): { invariant: string; message: string } {
  if (error instanceof Violation) return { invariant: error.invariant, message: error.message }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const name = error instanceof Error ? error.name : 'unknown'
  return { invariant: name, message: text }
}
