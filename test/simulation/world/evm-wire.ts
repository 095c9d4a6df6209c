import { answerEvm, RpcError, type EvmManners, type RpcRequest } from './evm-node.ts'
import type { Replica } from './replica.ts'

export interface RpcResponse {
  readonly jsonrpc: '2.0'
  readonly id: unknown
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string }
}

/** A JSON-RPC body as a node answers it: one object, or a list for a list. */
export function answerBody(body: string, answer: (request: RpcRequest) => unknown): unknown {
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
