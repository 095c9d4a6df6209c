import { required } from '../../../src/lib/assert.ts'
import type { AttemptOutcome, OutcomeKind, SendRequest, Sink } from '../../../src/delivery/sink.ts'
import type { Coverage } from '../coverage.ts'
import { MOODS, type Mood, type Rates } from '../faults.ts'
import type { Transcript } from '../transcript.ts'
import { hold } from '../violation.ts'
import type { Dice } from './dice.ts'

export interface ReceiverDeps {
  readonly dice: Dice
  readonly coverage: Coverage
  readonly transcript: Transcript
  readonly nowMs: () => number
}

/** A customer's server behind one endpoint, with its moods, and what it has taken in. */
export class Receiver {
  readonly url: string
  readonly environment: string
  /** Events it has processed, by id, whether or not the sender learnt of it. */
  readonly processed = new Map<string, string>()
  /** It was switched off for a while, or has left: what it missed meanwhile, a replay has to bring. */
  wasOff = false
  endpointId = ''
  readonly #moods: Rates<Mood>
  readonly #deps: ReceiverDeps
  /** The highest version of each deposit that it has acknowledged. */
  readonly #acked = new Map<string, number>()
  #wellBehaved = false

  constructor(index: number, environment: string, moods: Rates<Mood>, deps: ReceiverDeps) {
    this.url = `https://receiver-${index}.example/hooks`
    this.environment = environment
    this.#moods = moods
    this.#deps = deps
  }

  behave(): void {
    this.#wellBehaved = true
  }

  async receive(
    request: SendRequest,
    wait: (ms: number) => Promise<void>,
  ): Promise<AttemptOutcome> {
    const { dice, coverage, nowMs } = this.#deps
    const startedMs = nowMs()
    const startedAt = new Date(startedMs)
    const mood = this.#mood()
    if (mood !== null) coverage.count(`F14 ${mood}`)
    this.#expectInOrder(request)
    await wait(mood === 'hangs' ? 15_000 : dice.between(1, 400))
    if (mood === 'leaves') this.wasOff = true
    const isProcessed = mood === null || mood === 'acks_late' || mood === 'resets_after'
    if (isProcessed) this.#process(request)
    if (mood === 'acks_late') await wait(15_000)
    if (mood === null) this.#acknowledge(request)
    const durationMs = nowMs() - startedMs
    return { ...this.#outcome(mood), startedAt, durationMs }
  }

  /** Of one deposit nothing is sent before everything earlier has been acknowledged. */
  #expectInOrder({ body }: SendRequest): void {
    const { id, version, environment } = factsOf(body)
    const acked = this.#acked.get(id) ?? 0
    hold(
      version <= acked + 1 || this.wasOff,
      'I5',
      () => `${this.url} was sent version ${version} of ${id}, having acknowledged ${acked}`,
    )
    hold(
      environment === this.environment,
      'P9',
      () => `${this.url} of ${this.environment} was sent an event of ${environment}`,
    )
  }

  #process({ eventId, body }: SendRequest): void {
    const before = this.processed.get(eventId)
    hold(
      before === undefined || before === body,
      'P10',
      () => `${eventId} was sent with two bodies: ${before} and ${body}`,
    )
    this.processed.set(eventId, body)
  }

  #acknowledge({ eventId, body }: SendRequest): void {
    const { id, version } = factsOf(body)
    this.#acked.set(id, Math.max(version, this.#acked.get(id) ?? 0))
    this.#deps.transcript.note(`${this.url} acknowledges ${eventId}`)
  }

  #mood(): Mood | null {
    if (this.#wellBehaved) return null
    return MOODS.find((mood) => this.#deps.dice.chance(this.#moods[mood] ?? 0)) ?? null
  }

  #outcome(mood: Mood | null): Omit<AttemptOutcome, 'startedAt' | 'durationMs'> {
    const { dice } = this.#deps
    const answered = (kind: OutcomeKind, status: number, retryAfterMs: number | null = null) => ({
      kind,
      status,
      response: Buffer.alloc(0),
      error: null,
      retryAfterMs,
    })
    const failed = (kind: OutcomeKind, error: string) => ({
      kind,
      status: null,
      response: null,
      error,
      retryAfterMs: null,
    })
    switch (mood) {
      case null:
        return answered('delivered', 204)
      case 'rejects':
        return answered('rejected', dice.pick([400, 404, 500, 503]))
      case 'leaves':
        return answered('gone', 410)
      case 'throttles':
        return answered('throttled', 429, dice.between(1, 60) * 1_000)
      case 'redirects':
        return answered('redirected', 302)
      case 'hangs':
      case 'acks_late':
        return failed('timeout', 'TIMEOUT')
      case 'resets_after':
      case 'unreachable':
        return failed('unreachable', 'ECONNRESET')
    }
  }
}

interface Facts {
  readonly id: string
  readonly version: number
  readonly environment: string
}

function factsOf(body: string): Facts {
  return (JSON.parse(body) as { data: Facts }).data
}

/** What a daemon sends through: it reaches the receivers, after a while. */
export function simSink(receivers: readonly Receiver[], wait: (ms: number) => Promise<void>): Sink {
  return {
    send(request) {
      const receiver = receivers.find(({ url }) => url === request.url)
      return required(receiver, `${request.url} is a receiver of this world`).receive(request, wait)
    },
    close: () => Promise.resolve(),
  }
}
