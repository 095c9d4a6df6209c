import { textOf, type Fields } from './api/request.ts'

/** A way for a node to misbehave, each of them seen with a real one or with what stands in front of it. */
export type Fault =
  /** `{}` or `[]`, as for what a node does not know. */
  | { readonly kind: 'empty' }
  /** The last one of a list is missing. */
  | { readonly kind: 'fewer' }
  /** Answers about the block below the one that was asked for. */
  | { readonly kind: 'other_block' }
  /** The newest block is there, its transaction infos are not yet. */
  | { readonly kind: 'late_infos' }
  | { readonly kind: 'change'; readonly change: (answer: unknown) => unknown }
  /** The hosted API's answer to whoever asks too often. */
  | {
      readonly kind: 'suspended'
      readonly status: 403 | 429 | 503
      readonly retryAfterSeconds?: number
    }
  /** The node's own limiter: status 200, and an error inside. */
  | { readonly kind: 'busy' }
  /** A lite full node says what it lacks in plain text, with status 200. */
  | { readonly kind: 'lite' }
  /** HTML of a proxy whose node is away. */
  | { readonly kind: 'bad_gateway' }
  /** Takes the request and never says a word. */
  | { readonly kind: 'hang' }
  /** Says 200, and then a byte now and then without end. */
  | { readonly kind: 'drip' }

export interface RawAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

export const JSON_TYPE = 'application/json;charset=utf-8'

const SUSPENSION =
  '{"Error":"The key exceeds the frequency limit(15), and the query server is suspended for 30s"}'
const BUSY = '{"Error":"class java.lang.IllegalAccessException : lack of computing resources"}\n'
const LITE = 'this API is closed because this node is a lite fullnode'
const BAD_GATEWAY =
  '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n'

export function suspension(status: number, retryAfterSeconds?: number): RawAnswer {
  const headers: Record<string, string> = {}
  if (retryAfterSeconds !== undefined) headers['retry-after'] = `${retryAfterSeconds}`
  return { status, contentType: JSON_TYPE, body: SUSPENSION, headers }
}

/** What is said instead of an answer; null when the fault bends the answer itself. */
export function rawAnswer(fault: Fault): RawAnswer | null {
  switch (fault.kind) {
    case 'suspended':
      return suspension(fault.status, fault.retryAfterSeconds)
    case 'busy':
      return { status: 200, contentType: JSON_TYPE, body: BUSY }
    case 'lite':
      return { status: 200, contentType: 'text/plain;charset=utf-8', body: LITE }
    case 'bad_gateway':
      return { status: 502, contentType: 'text/html', body: BAD_GATEWAY }
    case 'empty':
    case 'fewer':
    case 'other_block':
    case 'late_infos':
    case 'change':
    case 'hang':
    case 'drip':
      return null
  }
}

export interface Asked {
  readonly fields: Fields
  readonly headHeight: number
  readonly answer: (fields: Fields) => unknown
}

/** The honest answer, or what the fault makes of it. */
export function bentAnswer(fault: Fault | null, asked: Asked): unknown {
  const { fields, headHeight, answer } = asked
  if (fault === null) return answer(fields)
  switch (fault.kind) {
    case 'empty':
      return Array.isArray(answer(fields)) ? [] : {}
    case 'fewer':
      return withoutLast(answer(fields))
    case 'other_block':
      return answer(oneBelow(fields))
    case 'late_infos':
      return Number(fields['num']) === headHeight ? [] : answer(fields)
    case 'change':
      return fault.change(answer(fields))
    case 'suspended':
    case 'busy':
    case 'lite':
    case 'bad_gateway':
    case 'hang':
    case 'drip':
      return answer(fields)
  }
}

function withoutLast(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.slice(0, -1)
  if (typeof answer !== 'object' || answer === null || !('block' in answer)) return answer
  return { block: withoutLast(answer.block) }
}

function oneBelow(fields: Fields): Fields {
  const below = { ...fields }
  for (const name of ['num', 'id_or_num']) {
    const height = below[name]
    if (height !== undefined && /^\d+$/.test(textOf(height))) below[name] = Number(height) - 1
  }
  return below
}

/** What a node does wrong at present: by path, by JSON-RPC method, or with everything (`*`). */
export class Faults {
  readonly #active: { readonly at: string; readonly fault: Fault; times: number }[] = []

  /** For the next `times` requests of that path or method, or until `clear`. The newest wins. */
  add(at: string, fault: Fault, times = Infinity): void {
    this.#active.unshift({ at, fault, times })
  }

  clear(): void {
    this.#active.length = 0
  }

  take(at: string): Fault | null {
    const active = this.#active.find((one) => (one.at === at || one.at === '*') && one.times > 0)
    if (active === undefined) return null
    active.times -= 1
    return active.fault
  }
}
