import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { claimKey, storeAnswer, type StoredAnswer } from '../environment/idempotency-store.ts'
import type { Tx } from '../store/database.ts'
import { callerOf } from './auth.ts'
import type { ServerDeps } from './deps.ts'
import { FIELDS } from './fields.ts'

export interface Answer {
  readonly status: number
  /** What whoever repeats the request is answered. */
  readonly body: object
  /** What only the first answer has in its place: it is stored nowhere. */
  readonly once?: object
}

/** For every route that calls `write`. Loose, because other headers are other people's business. */
export const WriteHeaders = z.looseObject({ 'idempotency-key': FIELDS['idempotency-key'] })

interface WriteRequest extends FastifyRequest {
  headers: FastifyRequest['headers'] & z.infer<typeof WriteHeaders>
}

/**
 * Runs a write in one transaction and answers with its result. With an `Idempotency-Key` the answer is stored in
 * that transaction and replayed to whoever repeats the request; a refused request stores nothing, since it wrote
 * nothing, so the corrected one may use the same key.
 */
export async function write(
  { db, env }: Pick<ServerDeps, 'db' | 'env'>,
  request: WriteRequest,
  reply: FastifyReply,
  work: (tx: Tx) => Promise<Answer>,
): Promise<FastifyReply> {
  const key = request.headers['idempotency-key']
  if (key === undefined) {
    return sendJson(reply, toFirst(await db.transaction().execute(work)))
  }
  const { environment } = callerOf(request)
  const claim = { environment, key, requestHash: requestHash(request), now: env.clock.now() }
  const { answer, replayed } = await db.transaction().execute(async (tx) => {
    const stored = await claimKey(tx, claim)
    if (stored !== null) return { answer: stored, replayed: true }
    const fresh = await work(tx)
    await storeAnswer(tx, claim, serialised(fresh))
    return { answer: toFirst(fresh), replayed: false }
  })
  if (replayed) reply.header('idempotent-replayed', 'true')
  return sendJson(reply, answer)
}

function toFirst({ status, body, once }: Answer): StoredAnswer {
  return serialised({ status, body: { ...body, ...once } })
}

function serialised({ status, body }: Answer): StoredAnswer {
  return { status, body: JSON.stringify(body) }
}

/** Sends a body that is JSON text already; the schema of the response is not applied to it again. */
export function sendJson(reply: FastifyReply, { status, body }: StoredAnswer): FastifyReply {
  return reply.code(status).type('application/json').send(body)
}

/** The body as it was validated: white space and the order of keys do not make another request. */
function requestHash({ method, url, body }: FastifyRequest): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([method, url, body ?? null]))
    .digest()
}
