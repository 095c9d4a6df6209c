import type { Actor } from '../../src/lib/loop.ts'
import type { ChainConfig, Config } from '../../src/config/config.ts'
import type { ChainId, Codec, Rail } from '../../src/domain/chain.ts'
import { adapterFor } from '../../src/source/index.ts'
import { Alarms } from './alarms.ts'
import { Coverage } from './coverage.ts'
import type { Daemon } from './daemon.ts'
import { Gate } from './database/gate.ts'
import { LockQueue } from './database/lock-queue.ts'
import type { SimServer } from './database/server.ts'
import type { Statement } from './database/session.ts'
import { Fences } from './fences.ts'
import { Operations } from './operations.ts'
import type { DatabaseFault, Profile, Rates } from './profile.ts'
import { Transcript } from './transcript.ts'
import { SimChain } from './world/chain.ts'
import { Dice } from './world/dice.ts'
import { isForgery, type Forgery } from './world/forgery.ts'
import { FAMILIES } from './world/family.ts'
import { SimProvider } from './world/providers.ts'
import { Receiver } from './world/receivers.ts'
import { WorldTime } from './world/time.ts'
import { Traffic } from './world/traffic.ts'

export const START_MS = Date.UTC(2026, 0, 5)
export const SLUG = 'sim'

/** Everything that one seed has: the chain as it is, who tells of it, who is told, and time. */
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
  readonly chain: SimChain
  readonly chainId: ChainId
  /** How the chain's addresses and hashes are written for people. */
  readonly codec: Codec
  readonly traffic: Traffic
  readonly rails: readonly Rail[]
  readonly customers: readonly Rail['contract'][]
  readonly providers: readonly SimProvider[]
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
    const { rules, chainIdOf, speak } = FAMILIES[profile.family]
    this.chain = new SimChain(dice.fork('chain'), time.nowMs - 400 * profile.blockMs, rules)
    this.chainId = chainIdOf(this.chain.tip)
    this.codec = adapterFor(profile.family).codec
    const tokens = [dice.hex(20), dice.hex(20)]
    this.rails = tokens.map((contract, index) =>
      this.#rail(contract, index === 0 ? 'usdt' : 'usdc'),
    )
    this.customers = Array.from({ length: 8 }, () => dice.hex(20))
    const fakes = [dice.hex(20), dice.hex(20)]
    const { customers } = this
    const { perBlock, family } = profile
    const options = { tokens, fakes, customers, perBlock, family }
    this.traffic = new Traffic(dice.fork('traffic'), options)
    this.providers = profile.providers.map((provider, index) => {
      const own = dice.fork(`provider ${index}`)
      const deps = { chain: this.chain, time, dice: own, coverage, transcript, speak }
      return new SimProvider(index, provider, deps)
    })
    this.receivers = profile.receivers.map((moods, index) => {
      const own = dice.fork(`receiver ${index}`)
      const deps = { dice: own, coverage, transcript, nowMs: () => time.nowMs }
      return new Receiver(index, index === 2 ? 'globex-test' : 'acme-test', moods, deps)
    })
    this.config = this.#config()
    this.fences = new Fences(this.chainId)
  }

  /** Whether some provider shows a transfer where there is none. */
  isForged(shown: Forgery): boolean {
    return this.providers.some(({ forged }) => isForgery(forged, shown))
  }

  /** Nothing goes wrong from here on. */
  calm(): void {
    this.databaseRates = {}
    this.pauseRate = 0
    this.dawdleRate = 0
    for (const provider of this.providers) provider.behave()
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
    const { blockMs, finality, family } = this.profile
    const chain: ChainConfig = {
      chain: {
        id: this.chainId,
        slug: SLUG,
        name: 'Simulated',
        family,
        blockTimeSeconds: blockMs / 1_000,
        finality:
          finality.rule === 'depth'
            ? { kind: 'depth', blocks: finality.lag + 1 }
            : { kind: 'finalized' },
        reorgWindow: 64,
      },
      rails: this.rails.map((rail) => ({
        rail,
        defaultPolicy: {
          minimumAmount: rail.minimumAmount,
          bands: [{ upTo: null, rule: { confirmations: 3, finality: false }, providers: 1 }],
          onFinalityStall: 'hold',
        },
      })),
      providers: this.providers.map(({ config }) => config),
      websocketUrl: null,
      start: 0,
      pollMs: 1_000,
    }
    return {
      databaseUrl: this.server.url,
      poolSize: 10,
      host: '127.0.0.1',
      port: 0,
      logLevel: 'error',
      webhookAllow: [],
      chains: [chain],
      balanceSample: 2,
    }
  }

  #rail(contract: Rail['contract'], asset: string): Rail {
    const { assetNamespace } = FAMILIES[this.profile.family]
    return {
      id: `${SLUG}/${asset}`,
      chainId: this.chainId,
      asset,
      symbol: asset.toUpperCase(),
      assetId: `${this.chainId}/${assetNamespace}:${this.codec.formatAddress(contract)}`,
      contract,
      decimals: 6,
      minimumAmount: 10_000n,
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
