import type { Hex } from '../../../src/lib/hex.ts'
import type { HttpAnswer } from '../../../src/source/index.ts'
import { answerEvm, RpcError, type EvmManners, type RpcRequest } from './evm-node.ts'
import { lie } from './lies.ts'
import type { Replica } from './replica.ts'
import {
  spoilBatch,
  type Question,
  type Refusal,
  type RpcResponse,
  type Speaker,
  type Speech,
} from './speech.ts'

/** Ethereum's JSON-RPC over HTTP. */
export class EvmSpeech implements Speech {
  readonly access = {}
  readonly #speaker: Speaker

  constructor(speaker: Speaker) {
    this.#speaker = speaker
  }

  answer({ body }: Question, replica: Replica): string {
    const { profile, deps, forged, isHonest } = this.#speaker
    const { manners, lies } = profile
    const honest = honestly(replica, manners)
    const answer = answerBody(body, (request) => {
      const result = honest(request)
      const told = isHonest
        ? result
        : lie(request, result, lies, { replica, manners, deps, forged })
      this.#remember(told)
      return told
    })
    return JSON.stringify(Array.isArray(answer) ? spoilBatch(this.#speaker, answer) : answer)
  }

  refuse(refusal: Refusal): HttpAnswer {
    const { dice } = this.#speaker.deps
    switch (refusal) {
      case 'throttled': {
        const headers = dice.chance(0.5) ? { 'retry-after': `${dice.between(1, 5)}` } : {}
        return { status: 429, headers, body: '{"error":"slow down"}' }
      }
      case 'limit_error': {
        const message = 'daily request count exceeded, request rate limited'
        const body = { jsonrpc: '2.0', id: null, error: { code: -32_005, message } }
        return { status: 200, headers: {}, body: JSON.stringify(body) }
      }
      case 'unavailable':
        return { status: 503, headers: {}, body: 'no healthy upstream' }
    }
  }

  #remember(result: unknown): void {
    const { number, hash } = (result ?? {}) as { number?: string; hash?: Hex }
    if (number !== undefined && hash !== undefined) this.#speaker.show(Number(number), hash)
  }
}

/** A JSON-RPC body as a node answers it: one object, or a list for a list. */
export function answerBody(
  body: string,
  answer: (request: RpcRequest) => unknown,
): RpcResponse | RpcResponse[] {
  const parsed = JSON.parse(body) as RpcRequest | RpcRequest[]
  return Array.isArray(parsed)
    ? parsed.map((request) => respond(request, answer))
    : respond(parsed, answer)
}

export function honestly(replica: Replica, manners: EvmManners): (request: RpcRequest) => unknown {
  return (request) => answerEvm(request, replica, manners)
}

function respond(request: RpcRequest, answer: (request: RpcRequest) => unknown): RpcResponse {
  const { id } = request
  try {
    return { jsonrpc: '2.0', id, result: answer(request) }
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    const { code, message } = error
    return { jsonrpc: '2.0', id, error: { code, message } }
  }
}
