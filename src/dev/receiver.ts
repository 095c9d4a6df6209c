import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock, type Clock } from '../lib/clock.ts'

/** How the receiver answers; everything but `accept` is a way to misbehave. */
export type Behaviour =
  | { readonly kind: 'accept' }
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Record<string, string> }
  /** Takes the request and never says a word. */
  | { readonly kind: 'hang' }
  /** Says 200 and then a byte now and then, without end. */
  | { readonly kind: 'drip' }
  /** Says 200, but so late that nobody may be listening any more. */
  | { readonly kind: 'late'; readonly afterMs: number }
  /** Says 200 and then more than anybody should read. */
  | { readonly kind: 'flood' }

/** A request whose signature was right. */
export interface Received {
  readonly path: string
  readonly id: string
  readonly timestampSeconds: number
  /** As signed: `v1,… v1,…`. */
  readonly signature: string
  readonly body: string
  readonly depositId: string
  readonly version: number
  readonly type: string
  /** It was told 200. */
  acknowledged: boolean
}

export interface ReceiverOptions {
  /** Any of them may have signed. */
  readonly secrets: readonly string[]
  readonly port?: number
  readonly clock?: Clock
}

export interface Receiver {
  readonly url: string
  /** In order of arrival, repeats included. */
  readonly received: readonly Received[]
  /** Requests that did not verify. */
  readonly refused: readonly string[]
  /** Acknowledged deliveries by event id: what an idempotent consumer has processed. */
  readonly processed: ReadonlyMap<string, Received>
  /** One sentence for each deposit whose versions were processed out of order. */
  readonly disorder: readonly string[]
  /** For the next `times` requests, or until told otherwise. */
  behave(behaviour: Behaviour | ((received: Received) => Behaviour), times?: number): void
  trust(secrets: readonly string[]): void
  /** Resolves once that many requests have arrived, counted from the start. */
  arrived(count: number): Promise<void>
  stop(): Promise<void>
}

const BODY_BYTES_MAX = 1_048_576
const DRIP_MS = 20
const FLOOD_BYTES = 16_777_216
const ACCEPT: Behaviour = { kind: 'accept' }

/** What a careful consumer does: verify the raw bytes, drop repeats by id, watch the order per deposit. */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const consumer = await Consumer.create(options.secrets)
  const stopping = new AbortController()
  const clock = options.clock ?? systemClock
  const server = createServer((request, response) => {
    serve(consumer, request, response).catch(() => request.destroy())
  })

  async function serve(to: Consumer, request: IncomingMessage, response: ServerResponse) {
    const received = to.take(request, await readBody(request))
    if (received === null) response.writeHead(401).end()
    else await answer(to, received, response, { clock, signal: stopping.signal })
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return Object.assign(consumer.view(), {
    url: `http://127.0.0.1:${port}/`,
    stop: () => {
      stopping.abort()
      return new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  })
}

type Verify = (body: Buffer, headers: Record<string, string>) => unknown

class Consumer {
  readonly #received: Received[] = []
  readonly #refused: string[] = []
  readonly #processed = new Map<string, Received>()
  readonly #versions = new Map<string, number>()
  readonly #disorder: string[] = []
  readonly #waiting: { count: number; resolve: () => void }[] = []
  readonly #verifier: (secret: string) => Verify
  #verify: Verify[] = []
  #behaviour: Behaviour | ((received: Received) => Behaviour) = ACCEPT
  #times = Infinity

  private constructor(verifier: (secret: string) => Verify) {
    this.#verifier = verifier
  }

  static async create(secrets: readonly string[]): Promise<Consumer> {
    // A development dependency: the daemon runs without it.
    const { Webhook } = await import('standardwebhooks')
    const consumer = new Consumer((secret) => {
      const webhook = new Webhook(secret)
      return (body, headers) => webhook.verify(body, headers)
    })
    consumer.#trust(secrets)
    return consumer
  }

  view(): Omit<Receiver, 'url' | 'stop'> {
    return {
      received: this.#received,
      refused: this.#refused,
      processed: this.#processed,
      disorder: this.#disorder,
      behave: (behaviour, times = Infinity) => {
        this.#behaviour = behaviour
        this.#times = times
      },
      trust: (secrets) => this.#trust(secrets),
      arrived: (count) => this.#arrived(count),
    }
  }

  /** The request as a verified delivery, or null if no secret of ours signed it. */
  take(request: IncomingMessage, body: Buffer): Received | null {
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    )
    const payload = this.#open(body, headers)
    if (payload === null) {
      this.#refused.push(headers['webhook-id'] ?? '')
      return null
    }
    const received: Received = {
      path: request.url ?? '',
      id: headers['webhook-id'] ?? '',
      timestampSeconds: Number(headers['webhook-timestamp']),
      signature: headers['webhook-signature'] ?? '',
      body: body.toString(),
      depositId: payload.data.id,
      version: payload.data.version,
      type: payload.type,
      acknowledged: false,
    }
    this.#received.push(received)
    for (const waiting of this.#waiting) {
      if (this.#received.length >= waiting.count) waiting.resolve()
    }
    return received
  }

  behaviourFor(received: Received): Behaviour {
    if (this.#times <= 0) return ACCEPT
    this.#times -= 1
    return typeof this.#behaviour === 'function' ? this.#behaviour(received) : this.#behaviour
  }

  acknowledge(received: Received): void {
    received.acknowledged = true
    const { id, depositId, version } = received
    if (this.#processed.has(id)) return
    this.#processed.set(id, received)
    const before = this.#versions.get(depositId) ?? 0
    if (version <= before) this.#disorder.push(`${depositId}: ${version} came after ${before}`)
    this.#versions.set(depositId, Math.max(before, version))
  }

  #open(body: Buffer, headers: Record<string, string>): Payload | null {
    for (const verify of this.#verify) {
      try {
        return verify(body, headers) as Payload
      } catch {
        // Not this secret; the next one may have signed.
      }
    }
    return null
  }

  #trust(secrets: readonly string[]): void {
    this.#verify = secrets.map((secret) => this.#verifier(secret))
  }

  async #arrived(count: number): Promise<void> {
    if (this.#received.length >= count) return
    await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }))
  }
}

interface Payload {
  readonly type: string
  readonly data: { readonly id: string; readonly version: number }
}

async function answer(
  consumer: Consumer,
  received: Received,
  response: ServerResponse,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<void> {
  const behaviour = consumer.behaviourFor(received)
  switch (behaviour.kind) {
    case 'accept':
      consumer.acknowledge(received)
      response.end('thanks')
      return
    case 'status':
      response.writeHead(behaviour.status, behaviour.headers).end(`status ${behaviour.status}`)
      return
    case 'hang':
      return
    case 'drip':
      response.writeHead(200)
      while (!response.destroyed && !signal.aborted) {
        response.write('.')
        await clock.sleep(DRIP_MS, signal)
      }
      return
    case 'late':
      await clock.sleep(behaviour.afterMs, signal)
      if (response.destroyed) return
      consumer.acknowledge(received)
      response.end('thanks')
      return
    case 'flood':
      consumer.acknowledge(received)
      response.end(Buffer.alloc(FLOOD_BYTES, 'x'))
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > BODY_BYTES_MAX) throw new Error('the body is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
