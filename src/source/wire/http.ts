import { Agent, type Dispatcher } from 'undici'

export interface HttpRequest {
  readonly url: string
  readonly body: string
  /** Beside the usual ones; a key that is kept out of the URL travels here. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface HttpAnswer {
  readonly status: number
  /** Names in lower case; of a repeated header the first value. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface HttpLimits {
  /** Connecting, headers and the whole body together: a body that drips does not buy time. */
  readonly deadlineMs: number
  readonly bytesMax: number
}

/** How sources reach their providers. Injected, so that a simulated world can answer instead. */
export interface RpcHttp {
  /** Resolves with any status; throws `HttpFailure` when no whole answer came within the limits. */
  post(request: HttpRequest, limits: HttpLimits): Promise<HttpAnswer>
}

/** Why there was no whole answer. The message names no URL: its path or query may hold a key. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure'
  readonly kind: 'unreachable' | 'timeout' | 'too_large'

  constructor(kind: HttpFailure['kind'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}

/** Connections per provider; callers beyond it wait inside their own deadline. */
const CONNECTIONS_MAX = 32
const KEEP_ALIVE_MS = 60_000

export function undiciHttp(): RpcHttp {
  const agent = new Agent({
    connections: CONNECTIONS_MAX,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // The deadline covers all of it; undici's own timers restart with every chunk of a dripping body.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  return { post: (request, limits) => exchange(agent, request, limits) }
}

async function exchange(
  agent: Agent,
  request: HttpRequest,
  { deadlineMs, bytesMax }: HttpLimits,
): Promise<HttpAnswer> {
  const signal = AbortSignal.timeout(deadlineMs)
  try {
    const url = new URL(request.url)
    // An agent's request follows no redirects, which would carry a key elsewhere, and decompresses nothing.
    const { statusCode, headers, body } = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'POST',
      headers: { ...headersFor(url), ...request.headers },
      body: request.body,
      signal,
    })
    const text = await readBody(body, bytesMax)
    return { status: statusCode, headers: firstValues(headers), body: text }
  } catch (cause) {
    if (cause instanceof HttpFailure) throw cause
    if (signal.aborted) {
      throw new HttpFailure('timeout', `no whole answer within ${deadlineMs} ms`, { cause })
    }
    throw new HttpFailure('unreachable', codeOf(cause), { cause })
  }
}

/** A name and password in the URL go where HTTP wants them; `url.origin` has already left them out. */
function headersFor({ username, password }: URL): Record<string, string> {
  const headers = {
    'content-type': 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'settled',
  }
  if (username === '') return headers
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { ...headers, authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
}

/** Leaving the loop early destroys the socket, so an endless answer costs one connection and no memory. */
async function readBody(body: Dispatcher.ResponseData['body'], bytesMax: number): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > bytesMax) throw new HttpFailure('too_large', `more than ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length).toString('utf8')
}

function firstValues(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const values: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    const first = Array.isArray(value) ? value[0] : value
    if (first !== undefined) values[name] = first
  }
  return values
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
