import type { FastifyRequest } from 'fastify'
import { AppError } from '../domain/error.ts'
import { authenticate, type Caller } from '../environment/api-key-store.ts'
import { required } from '../lib/assert.ts'
import type { Db } from '../store/database.ts'

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null
  }
}

const BEARER = /^Bearer ([\w-]{1,100})$/i

/** Runs before the body is read: a stranger's upload costs nothing. */
export function authenticator(db: Db) {
  return async (request: FastifyRequest): Promise<void> => {
    const key = BEARER.exec(request.headers.authorization ?? '')?.[1]
    request.caller = key === undefined ? null : await authenticate(db, key)
    if (request.caller !== null) return
    throw new AppError(
      'unauthorized',
      'authorization: no valid API key; send "Authorization: Bearer settled_…" with a key that was not revoked',
    )
  }
}

export function callerOf(request: FastifyRequest): Caller {
  return required(request.caller, 'a route under /v1 runs after the authenticator')
}

export function actorOf(caller: Caller): string {
  return `key:${caller.keyId}`
}
