import { required } from '../../../src/lib/assert.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import {
  HttpFailure,
  type HttpAnswer,
  type HttpLimits,
  type RpcHttp,
} from '../../../src/source/index.ts'
import type { Coverage } from '../coverage.ts'
import {
  BATCH_FAULTS,
  TRANSPORT_FAULTS,
  type BatchFault,
  type ProviderProfile,
  type Rates,
  type TransportFault,
} from '../profile.ts'
import type { Transcript } from '../transcript.ts'
import type { SimChain } from './chain.ts'
import type { Dice } from './dice.ts'
import { answerBody, honestly, type RpcResponse } from './evm-wire.ts'
import { lie, type Forgery } from './lies.ts'
import { Replica } from './replica.ts'
import type { WorldTime } from './time.ts'

export interface ProviderDeps {
  readonly chain: SimChain
  readonly time: WorldTime
  readonly dice: Dice
  readonly coverage: Coverage
  readonly transcript: Transcript
}

/** One URL: replicas behind a balancer, each with its own view, and everything that can go wrong on the way. */
export class SimProvider {
  readonly name: string
  readonly url: string
  readonly replicas: readonly Replica[]
  /** Hashes it has shown, by height. */
  readonly shown = new Map<number, Set<Hex>>()
  readonly forged: Forgery[] = []
  readonly #profile: ProviderProfile
  readonly #deps: ProviderDeps
  #wellBehaved = false

  constructor(index: number, profile: ProviderProfile, deps: ProviderDeps) {
    this.name = `node-${index}`
    this.url = `http://${this.name}.invalid/`
    this.#profile = profile
    this.#deps = deps
    this.replicas = Array.from({ length: profile.replicas }, () => new Replica(deps.chain))
    for (const replica of this.replicas) this.#refresh(replica)
  }

  /** From now on it answers, truly and at once. */
  behave(): void {
    this.#wellBehaved = true
    for (const replica of this.replicas) replica.follow(0, 0)
  }

  async post(
    body: string,
    limits: HttpLimits,
    wait: (ms: number) => Promise<void>,
  ): Promise<HttpAnswer> {
    const { dice, coverage, transcript } = this.#deps
    const replica = dice.pick(this.replicas)
    const fault = this.#draw(TRANSPORT_FAULTS, this.#profile.transport)
    if (fault !== null) coverage.count(`F6 ${fault}`)
    const latencyMs = dice.between(1, 30)
    const stale = fault === 'stale' ? this.#answer(body, replica) : null
    await wait(fault === 'late' ? dice.between(500, 4_000) : latencyMs)
    if (fault === 'timeout') await wait(limits.deadlineMs - latencyMs)
    const answer = this.#spoil(fault, stale ?? this.#answer(body, replica))
    transcript.note(`${this.name} ${body} ${answer.status} ${answer.body}`)
    if (answer.body.length > limits.bytesMax) throw new HttpFailure('too_large', 'too large')
    return answer
  }

  #answer(body: string, replica: Replica): string {
    const { manners, lies } = this.#profile
    if (this.#profile.refreshMs === 0) replica.follow(0, 0)
    const honest = honestly(replica, manners)
    const context = { replica, manners, deps: this.#deps, forged: this.forged }
    const answer = answerBody(body, (request) => {
      const result = honest(request)
      const told = this.#wellBehaved ? result : lie(request, result, lies, context)
      this.#remember(told)
      return told
    })
    return JSON.stringify(Array.isArray(answer) ? this.#spoilBatch(answer) : answer)
  }

  #spoil(fault: TransportFault | null, body: string): HttpAnswer {
    const answer = { status: 200, headers: {}, body }
    const { dice } = this.#deps
    switch (fault) {
      case 'unreachable':
        throw new HttpFailure('unreachable', 'ECONNRESET')
      case 'timeout':
        throw new HttpFailure('timeout', 'no whole answer')
      case 'throttled': {
        const headers = dice.chance(0.5) ? { 'retry-after': `${dice.between(1, 5)}` } : {}
        return { status: 429, headers, body: '{"error":"slow down"}' }
      }
      case 'limit_error': {
        const error = {
          code: -32_005,
          message: 'daily request count exceeded, request rate limited',
        }
        return { ...answer, body: JSON.stringify({ jsonrpc: '2.0', id: null, error }) }
      }
      case 'html':
        return { ...answer, body: '<html><body>welcome to our beautiful gateway</body></html>' }
      case 'truncated':
        return { ...answer, body: body.slice(0, dice.between(0, body.length - 1)) }
      case 'unavailable':
        return { status: 503, headers: {}, body: 'no healthy upstream' }
      case 'late':
      case 'stale':
      case null:
        return answer
    }
  }

  #spoilBatch(responses: RpcResponse[]): unknown {
    const { dice, coverage } = this.#deps
    const fault: BatchFault | null = this.#draw(BATCH_FAULTS, this.#profile.batch)
    if (fault !== null) coverage.count(`F7 ${fault}`)
    const [first, ...rest] = responses
    switch (fault) {
      case 'batch_reordered':
        return dice.shuffled(responses)
      case 'batch_missing':
        return rest
      case 'batch_duplicate':
        return [first, ...rest.slice(0, -1), first]
      case 'batch_string_ids':
        return responses.map((response) => ({ ...response, id: String(response.id) }))
      case 'batch_error_object':
        return { jsonrpc: '2.0', id: null, error: { code: -32_005, message: 'limit exceeded' } }
      case null:
        return responses
    }
  }

  #draw<Name extends string>(names: readonly Name[], rates: Rates<Name>): Name | null {
    if (this.#wellBehaved) return null
    const drawn = names.filter((name) => this.#deps.dice.chance(rates[name] ?? 0))
    return drawn[0] ?? null
  }

  #remember(result: unknown): void {
    const { number, hash } = (result ?? {}) as { number?: string; hash?: Hex }
    if (number === undefined || hash === undefined) return
    const height = Number(number)
    const hashes = this.shown.get(height) ?? new Set<Hex>()
    this.shown.set(height, hashes.add(hash))
  }

  /** Looks at the chain again, and again later. It may fall behind, hang, or lose touch with finality. */
  #refresh(replica: Replica): void {
    const { dice, time, coverage } = this.#deps
    const { lagMax, refreshMs, finalityLagMax, finalityNull, hangs } = this.#profile
    if (this.#wellBehaved) replica.follow(0, 0)
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

/** What a daemon's sources are given: it reaches the providers, after a while. */
export function simHttp(
  providers: readonly SimProvider[],
  wait: (ms: number) => Promise<void>,
): RpcHttp {
  return {
    post({ url, body }, limits) {
      const provider = providers.find((one) => url.startsWith(one.url))
      return required(provider, `${url} is a provider of this world`).post(body, limits, wait)
    },
  }
}
