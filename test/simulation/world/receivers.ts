import { required } from '../../../src/lib/assert.ts'
import type { AttemptOutcome, OutcomeKind, SendRequest, Sink } from '../../../src/delivery/sink.ts'
import type { Coverage } from '../coverage.ts'
import { MOODS, type Mood, type Rates } from '../profile.ts'
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
  /** Events whose acknowledgement has reached the sender. */
  readonly acked = new Set<string>()
  /** It was switched off for a while: what it missed meanwhile, a replay has to bring. */
  wasOff = false
  endpointId = ''
  secret = ''
  attempts = 0
  readonly #moods: Rates<Mood>
  readonly #deps: ReceiverDeps
  /** Of each deposit the versions it was sent, each until acknowledged. */
  readonly #unacked = new Map<string, Map<number, string>>()
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
    this.attempts += 1
    this.#expectInOrder(request)
    await wait(mood === 'hangs' ? 15_000 : dice.between(1, 400))
    const isProcessed = mood === null || mood === 'acks_late' || mood === 'resets_after'
    if (isProcessed) this.#process(request)
    if (mood === 'acks_late') await wait(15_000)
    if (mood === null) this.#acknowledge(request)
    const durationMs = nowMs() - startedMs
    return { ...this.#outcome(mood), startedAt, durationMs }
  }

  /** Of one deposit nothing is sent before everything earlier has been acknowledged. */
  #expectInOrder({ eventId, body }: SendRequest): void {
    const { id, version } = factsOf(body)
    const open = this.#unacked.get(id) ?? new Map<number, string>()
    for (const [earlier, event] of open) {
      hold(
        earlier >= version || this.wasOff || this.acked.has(event),
        'I5',
        () => `${this.url} was sent version ${version} of ${id} before ${earlier} was acknowledged`,
      )
    }
    if (!this.acked.has(eventId)) this.#unacked.set(id, open.set(version, eventId))
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

  #acknowledge({ eventId }: SendRequest): void {
    this.acked.add(eventId)
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

export function factsOf(body: string): { readonly id: string; readonly version: number } {
  return (JSON.parse(body) as { data: { id: string; version: number } }).data
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
