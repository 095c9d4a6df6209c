import type { ProviderConfig } from '../../../src/config/config.ts'
import { required } from '../../../src/lib/assert.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import {
  HttpFailure,
  type HttpAnswer,
  type HttpLimits,
  type RpcHttp,
} from '../../../src/source/index.ts'
import type { Coverage } from '../coverage.ts'
import { TRANSPORT_FAULTS, type Rates, type TransportFault } from '../faults.ts'
import type { ProviderProfile } from '../profile.ts'
import type { Transcript } from '../transcript.ts'
import type { SimChain } from './chain.ts'
import type { Dice } from './dice.ts'
import type { Forgery } from './forgery.ts'
import { Replica } from './replica.ts'
import type { Question, Speaker, Speech } from './speech.ts'
import type { WorldTime } from './time.ts'

export interface ProviderDeps {
  readonly chain: SimChain
  readonly time: WorldTime
  readonly dice: Dice
  readonly coverage: Coverage
  readonly transcript: Transcript
  /** In the language of the chain's family. */
  readonly speak: (speaker: Speaker) => Speech
}

/** When a block was shown, for the first and for the last time. */
export interface Shown {
  readonly firstMs: number
  readonly lastMs: number
}

/** One URL: replicas behind a balancer, each with its own view, and everything that can go wrong on the way. */
export class SimProvider implements Speaker {
  readonly name: string
  readonly url: string
  readonly replicas: readonly Replica[]
  /** Blocks of the chain that it has shown, by height. */
  readonly shown = new Map<number, Map<Hex, Shown>>()
  readonly forged: Forgery[] = []
  readonly profile: ProviderProfile
  readonly deps: ProviderDeps
  isHonest = false
  readonly #speech: Speech

  constructor(name: string, profile: ProviderProfile, deps: ProviderDeps) {
    this.name = name
    this.url = `http://${this.name}.invalid/`
    this.profile = profile
    this.deps = deps
    this.#speech = deps.speak(this)
    this.replicas = Array.from({ length: profile.replicas }, () => new Replica(deps.chain))
    for (const replica of this.replicas) this.#refresh(replica)
  }

  /** How a daemon is told of it. */
  get config(): ProviderConfig {
    return { name: this.name, url: this.url, ...this.#speech.access }
  }

  draw<Name extends string>(names: readonly Name[], rates: Rates<Name>): Name | null {
    if (this.isHonest) return null
    const drawn = names.filter((name) => this.deps.dice.chance(rates[name] ?? 0))
    return drawn[0] ?? null
  }

  /** What no chain holds at that height is a lie, and shows nothing. */
  show(height: number, hash: Hex): void {
    const { chain, time } = this.deps
    if (chain.blocks.get(hash)?.height !== height) return
    const hashes = this.shown.get(height) ?? new Map<Hex, Shown>()
    const firstMs = hashes.get(hash)?.firstMs ?? time.nowMs
    this.shown.set(height, hashes.set(hash, { firstMs, lastMs: time.nowMs }))
  }

  /** From now on it answers, truly and at once. */
  behave(): void {
    this.isHonest = true
    for (const replica of this.replicas) replica.follow(0, 0)
  }

  async post(
    question: Question,
    limits: HttpLimits,
    wait: (ms: number) => Promise<void>,
  ): Promise<HttpAnswer> {
    const { dice, coverage, transcript } = this.deps
    const replica = dice.pick(this.replicas)
    const fault = this.draw(TRANSPORT_FAULTS, this.profile.transport)
    if (fault !== null) coverage.count(`F6 ${fault}`)
    const latencyMs = dice.between(1, 30)
    const stale = fault === 'stale' ? this.#answer(question, replica) : null
    await wait(fault === 'late' ? dice.between(500, 4_000) : latencyMs)
    if (fault === 'timeout') await wait(limits.deadlineMs - latencyMs)
    const answer = this.#spoil(fault, () => stale ?? this.#answer(question, replica))
    transcript.note(`${this.name} ${question.body} ${answer.status} ${answer.body}`)
    if (answer.body.length > limits.bytesMax) throw new HttpFailure('too_large', 'too large')
    return answer
  }

  #answer(question: Question, replica: Replica): string {
    if (this.profile.refreshMs === 0) replica.follow(0, 0)
    return this.#speech.answer(question, replica)
  }

  /** What never arrives is not made up either: it would count as a lie that was told. */
  #spoil(fault: TransportFault | null, say: () => string): HttpAnswer {
    switch (fault) {
      case 'unreachable':
        throw new HttpFailure('unreachable', 'ECONNRESET')
      case 'timeout':
        throw new HttpFailure('timeout', 'no whole answer')
      case 'throttled':
      case 'limit_error':
      case 'unavailable':
        return this.#speech.refuse(fault)
      case 'html':
        return answerOf('<html><body>welcome to our beautiful gateway</body></html>')
      case 'truncated': {
        const body = say()
        return answerOf(body.slice(0, this.deps.dice.between(0, body.length - 1)))
      }
      case 'late':
      case 'stale':
      case null:
        return answerOf(say())
    }
  }

  /** Looks at the chain again, and again later. It may fall behind, hang, or lose touch with finality. */
  #refresh(replica: Replica): void {
    const { dice, time, coverage } = this.deps
    const { lagMax, refreshMs, finalityLagMax, finalityNull, hangs } = this.profile
    if (this.isHonest) replica.follow(0, 0)
    else if (dice.chance(hangs)) {
      coverage.count('F2 head hangs')
      time.after(dice.between(5_000, 40_000), () => this.#refresh(replica))
      return
    } else {
      const before = replica.tip.height
      const finalBefore = replica.finalized?.height ?? -1
      replica.follow(dice.between(0, lagMax), dice.between(0, finalityLagMax))
      if (dice.chance(finalityNull)) replica.finalized = null
      if (replica.tip.height < before) coverage.count('F2 head goes back')
      if (replica.tip.height > before + 1) coverage.count('F2 head jumps')
      if (replica.finalized === null) coverage.count('F3 finalized is null')
      else if (replica.finalized.height < finalBefore) coverage.count('F3 finalized goes back')
    }
    time.after((refreshMs || 5_000) * (0.5 + dice.fraction()), () => this.#refresh(replica))
  }
}

function answerOf(body: string): HttpAnswer {
  return { status: 200, headers: {}, body }
}

/** What a daemon's sources are given: it reaches the providers, after a while. */
export function simHttp(
  providers: readonly SimProvider[],
  wait: (ms: number) => Promise<void>,
): RpcHttp {
  return {
    post(question, limits) {
      const { url } = question
      const provider = providers.find((one) => url.startsWith(one.url))
      return required(provider, `${url} is a provider of this world`).post(question, limits, wait)
    },
  }
}
