import { classifyError, classifyStatus } from './error-words.ts'
import { ProviderFailure } from './failure.ts'
import type { HttpAnswer } from './http.ts'

export interface RpcCall {
  readonly method: string
  readonly params: readonly unknown[]
}

/** A result, or the failure that stands in its place. */
export type RpcAnswer = { readonly result: unknown } | { readonly failure: ProviderFailure }

interface Envelope {
  readonly id?: unknown
  readonly result?: unknown
  readonly error?: unknown
}

const MESSAGE_LENGTH_MAX = 200

export function encodeCall({ method, params }: RpcCall, id: number): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params })
}

/** Ids are `firstId`, `firstId + 1`, … in the order of the calls. */
export function encodeBatch(calls: readonly RpcCall[], firstId: number): string {
  return `[${calls.map((call, index) => encodeCall(call, firstId + index)).join(',')}]`
}

export function decodeSingle(answer: HttpAnswer, call: RpcCall, id: number): RpcAnswer {
  const envelope = parseBody(answer)
  if (!isEnvelope(envelope)) throw garbled('the answer is no JSON-RPC object')
  // A server that could not even read the id answers with null (JSON-RPC 2.0, section 5).
  const isUnread = envelope.id === null && isEnvelope(envelope.error)
  if (envelope.id !== id && !isUnread) {
    throw garbled(`an answer with the id ${shorten(envelope.id)} instead of ${id}`)
  }
  return open(envelope, call, answer.status)
}

/**
 * The answers in the order of the calls, whatever order they came in. Exactly the ids that were sent must come
 * back, each once and as a number: answers handed out by position give one block for another when one is
 * missing. One error object in place of the list stands for all of them and is thrown.
 */
export function decodeBatch(
  answer: HttpAnswer,
  calls: readonly RpcCall[],
  firstId: number,
): RpcAnswer[] {
  const parsed = parseBody(answer)
  if (isEnvelope(parsed) && isEnvelope(parsed.error)) throw failureOf(parsed.error, 'batch')
  if (!Array.isArray(parsed)) throw garbled('the answer to a batch is no list')
  if (parsed.length !== calls.length) {
    throw garbled(`${parsed.length} answers to a batch of ${calls.length}`)
  }
  const byId = new Map<unknown, Envelope>()
  for (const envelope of parsed as unknown[]) {
    if (!isEnvelope(envelope)) throw garbled('a batch holds something else than JSON-RPC objects')
    byId.set(envelope.id, envelope)
  }
  return calls.map((call, index) => {
    const envelope = byId.get(firstId + index)
    if (envelope === undefined) throw garbled(`no answer with the id ${firstId + index} in a batch`)
    return open(envelope, call, answer.status)
  })
}

function open(envelope: Envelope, call: RpcCall, status: number): RpcAnswer {
  if (envelope.error !== undefined && envelope.error !== null) {
    return { failure: failureOf(envelope.error, call.method) }
  }
  if (envelope.result === undefined) throw garbled('neither a result nor an error')
  if (status !== 200) throw garbled(`a result with HTTP status ${status}`)
  return { result: envelope.result }
}

function parseBody({ status, headers, body }: HttpAnswer): unknown {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity')
    throw garbled(`${shorten(encoding)} encoding, which was not asked for`)
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    if (status !== 200) throw failureOfStatus(status)
    throw garbled(`${body.length} characters that are not JSON: ${shorten(body.trim())}`)
  }
  // Some providers put the JSON-RPC error into a 400 or 500, and it says more than the status.
  const holdsError = Array.isArray(parsed) || (isEnvelope(parsed) && isEnvelope(parsed.error))
  if (status !== 200 && !holdsError) throw failureOfStatus(status)
  return parsed
}

function failureOfStatus(status: number): ProviderFailure {
  return new ProviderFailure(classifyStatus(status), `HTTP status ${status}`)
}

function failureOf(error: unknown, method: string): ProviderFailure {
  const { code, message } = isEnvelope(error)
    ? (error as { code?: unknown; message?: unknown })
    : {}
  if (typeof code !== 'number' || typeof message !== 'string') {
    return garbled('an error without a code and a message')
  }
  const text = `${message.slice(0, MESSAGE_LENGTH_MAX)} (${code})`
  return new ProviderFailure(classifyError(code, message, method), text)
}

function garbled(message: string): ProviderFailure {
  return new ProviderFailure('garbled', message)
}

function isEnvelope(value: unknown): value is Envelope {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shorten(value: unknown): string {
  return (JSON.stringify(value) ?? 'undefined').slice(0, 60)
}
