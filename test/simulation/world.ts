import type { Actor } from '../../src/lib/loop.ts'
import type { Config } from '../../src/config/config.ts'
import type { Address } from '../../src/domain/chain.ts'
import { Alarms } from './alarms.ts'
import { Coverage } from './coverage.ts'
import type { Daemon } from './daemon.ts'
import { Gate } from './database/gate.ts'
import { LockQueue } from './database/lock-queue.ts'
import type { SimServer } from './database/server.ts'
import type { Statement } from './database/session.ts'
import { Fences } from './fences.ts'
import { Operations } from './operations.ts'
import type { DatabaseFault, Rates } from './faults.ts'
import { chainsOf, type Profile } from './profile.ts'
import { Transcript } from './transcript.ts'
import { Dice } from './world/dice.ts'
import { Network, networkOf } from './world/network.ts'
import { Receiver } from './world/receivers.ts'
import { WorldTime } from './world/time.ts'

export const START_MS = Date.UTC(2026, 0, 5)

/** Everything that one seed has: its chains, who is told of them, the server between, and time. */
export class World {
  readonly profile: Profile
  readonly dice: Dice
  readonly time = new WorldTime(START_MS)
  readonly gate = new Gate()
  readonly locks = new LockQueue()
  readonly operations = new Operations()
  readonly server: SimServer
  readonly coverage = new Coverage()
  readonly alarms = new Alarms(this.coverage)
  readonly transcript = new Transcript()
  readonly networks: readonly Network[]
  readonly customers: readonly Address[]
  readonly receivers: readonly Receiver[]
  readonly config: Config
  readonly fences: Fences
  /** Rates of the database's faults; emptied when the world calms down. */
  databaseRates: Rates<DatabaseFault> = {}
  pauseRate = 0
  /** How often a transaction takes its time before a statement. */
  dawdleRate = 0
  /** Told of each actor's transaction that takes its time. */
  dawdled: (ms: number) => void = () => undefined
  /** What broke: a violated invariant or a bug; the run ends with it. */
  failure: unknown = null
  /** Events may have been committed since somebody last looked. */
  hasNewEvents = false
  readonly lines: Record<string, unknown>[] = []
  readonly died: (daemon: Daemon) => void

  constructor(profile: Profile, server: SimServer, onDeath: (daemon: Daemon) => void) {
    this.profile = profile
    this.server = server
    this.died = onDeath
    const dice = new Dice(profile.seed)
    this.dice = dice
    const { time, coverage, transcript } = this
    const tokens = [dice.hex(20), dice.hex(20)]
    this.customers = Array.from({ length: 8 }, () => dice.hex(20))
    const fakes = [dice.hex(20), dice.hex(20)]
    const cast = { tokens, fakes, customers: this.customers }
    this.networks = chainsOf(profile).map((chain, index) => {
      const own = index === 0 ? dice : dice.fork('second')
      return new Network(index === 0 ? 'sim' : 'second', chain, {
        dice: own,
        time,
        coverage,
        transcript,
        cast,
      })
    })
    this.receivers = profile.receivers.map((moods, index) => {
      const own = dice.fork(`receiver ${index}`)
      const deps = { dice: own, coverage, transcript, nowMs: () => time.nowMs }
      return new Receiver(index, index === 2 ? 'globex-test' : 'acme-test', moods, deps)
    })
    this.config = this.#config()
    this.fences = new Fences(this.networks.map(({ chainId }) => chainId))
  }

  /** The chain that a rail is on. */
  networkOf(rail: string): Network {
    return networkOf(rail, this.networks)
  }

  /** Nothing goes wrong from here on. */
  calm(): void {
    this.databaseRates = {}
    this.pauseRate = 0
    this.dawdleRate = 0
    for (const provider of this.networks.flatMap(({ providers }) => providers)) provider.behave()
    for (const receiver of this.receivers) receiver.behave()
  }

  ticked(daemon: Daemon, actor: Actor, outcome: string): void {
    const [kind] = actor.name.split(':')
    this.coverage.count(`tick ${kind} ${outcome}`)
    this.transcript.note(`${daemon.name} ${actor.name} ${outcome} ${this.time.nowMs}`)
  }

  failed(error: unknown): void {
    this.failure ??= error
  }

  heard(daemon: Daemon, line: string): void {
    try {
      const parsed = JSON.parse(line) as Record<string, unknown>
      this.lines.push({ ...parsed, daemon: daemon.name })
      this.alarms.hear(parsed)
    } catch (error) {
      this.failed(error)
    }
  }

  ran(daemon: Daemon, statement: string, values: readonly unknown[], rows: number): void {
    this.transcript.note(`${daemon.name} ${statement} ${written(values)} ${rows}`)
    this.coverage.count('statements')
  }

  committed(daemon: Daemon, statements: readonly Statement[]): void {
    try {
      this.fences.committed(daemon.name, statements)
    } catch (error) {
      this.failed(error)
    }
    if (statements.some(({ text }) => text.includes('insert into event '))) this.hasNewEvents = true
  }

  /** The server's own faults begin. */
  disturb(): void {
    this.databaseRates = this.profile.database
    this.pauseRate = this.profile.pauses
    this.dawdleRate = this.profile.interleavings
  }

  #config(): Config {
    return {
      databaseUrl: this.server.url,
      poolSize: 10,
      host: '127.0.0.1',
      port: 0,
      logLevel: 'error',
      webhookAllow: [],
      chains: this.networks.map(({ config }) => config),
      balanceSample: 2,
    }
  }
}

function written(values: readonly unknown[]): string {
  return JSON.stringify(values.map(plain))
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (Buffer.isBuffer(value)) return value.toString('latin1')
  return Array.isArray(value) ? value.map(plain) : value
}
