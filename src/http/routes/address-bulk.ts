import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { AddressRequest } from '../address-request.ts'
import { actorOf, callerOf } from '../auth.ts'
import { LINE_BYTES_MAX, LINES_MAX, registerInBulk } from '../bulk-registration.ts'
import type { App, RouteDeps } from '../deps.ts'
import { problems } from '../openapi.ts'
import { FieldProblem, Problem } from '../problem.ts'

const NDJSON = 'application/x-ndjson'
/** From the first line to the last answer. */
const STREAM_MS_MAX = 600_000

const AnswerLine = z.union([
  z
    .object({
      line: z.int(),
      code: z.string(),
      detail: z.string(),
      errors: z.array(FieldProblem).optional(),
    })
    .meta({ description: 'A refused row' }),
  z
    .object({
      created: z.int(),
      existing: z.int(),
      refused: z.int(),
      error: Problem.optional(),
    })
    .meta({ description: 'The last line' }),
])

/** A plugin of its own, because here, and only here, a body is a stream and JSON is refused. */
export function addressBulkRoute(app: App, deps: RouteDeps): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(NDJSON, (_request, payload, done) => done(null, payload))
  const schema = {
    tags: ['addresses'],
    summary: 'Register addresses in bulk',
    description:
      `One JSON object per line, at most ${LINES_MAX} lines of ${LINE_BYTES_MAX} bytes. Lines are written in ` +
      'batches, each whole or not at all. The answer streams while you send, so read it while you send: a ' +
      'line for each refused row, then the totals. Without that last line the work is unfinished; send it all ' +
      'again, since what exists is only counted. It needs no Idempotency-Key.',
    consumes: [NDJSON],
    body: AddressRequest,
    response: {
      200: { description: 'NDJSON', content: { [NDJSON]: { schema: AnswerLine } } },
      ...problems(415),
    },
  }
  // The schema describes a line; each is validated as it is read.
  const validatorCompiler = () => (value: unknown) => ({ value })
  app.post(
    '/v1/addresses/bulk',
    { schema, validatorCompiler, handlerTimeout: STREAM_MS_MAX },
    (request, reply: FastifyReply) => {
      const caller = callerOf(request)
      const registrar = {
        environment: caller.environment,
        actor: actorOf(caller),
        isOperator: false,
      }
      const answers = registerInBulk(deps, registrar, request.raw)
      void reply.type(NDJSON).send(Readable.from(answers, { objectMode: false }))
    },
  )
}
