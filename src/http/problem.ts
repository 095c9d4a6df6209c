import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { AppError, ERRORS, type ErrorCode } from '../domain/error.ts'
import { isOutage, outageReason } from '../lib/outage.ts'
import type { Logger } from '../telemetry/logger.ts'
import { remedyFor } from './fields.ts'

export const PROBLEM_TYPE = 'application/problem+json'

export const FieldProblem = z.object({
  field: z.string().meta({ description: 'Path of the field, such as `owner`' }),
  detail: z.string(),
  remedy: z.string().optional(),
})

/** RFC 9457, plus our stable `code` and the fields at fault. */
export const Problem = z
  .object({
    type: z.string().meta({ description: '`urn:settled:error:<code>`' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
    errors: z.array(FieldProblem).optional(),
  })
  .meta({ id: 'Problem' })

export type Problem = z.infer<typeof Problem>
type FieldProblem = z.infer<typeof FieldProblem>

export function problem(code: ErrorCode, detail: string, errors?: FieldProblem[]): Problem {
  const title = code.charAt(0).toUpperCase() + code.slice(1).replaceAll('_', ' ')
  const base = { type: `urn:settled:error:${code}`, title, status: ERRORS[code], detail, code }
  return errors === undefined ? base : { ...base, errors }
}

/** An `AppError` says `field: what is wrong; what to do`, with the field first where there is one. */
const FIELD_MESSAGE = /^(?<field>[\w.[\]-]+): (?<detail>.+?)(?:; (?<remedy>.+))?$/s

/** What Fastify refuses before a handler runs, in our codes. */
const FASTIFY_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_HANDLER_TIMEOUT: 'not_ready',
}

const OUTAGE_DETAIL =
  'settled cannot reach its database; try again, and a write with the same Idempotency-Key as before'

/** Null for what is a bug or an outage: its message is for our log, not for the caller. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof AppError) {
    if (error.status >= 500) return null
    const groups = FIELD_MESSAGE.exec(error.message)?.groups
    return problem(error.code, error.message, groups && [fieldProblem(groups)])
  }
  if (hasZodFastifySchemaValidationErrors(error)) {
    return problemOfIssues(
      error.validation.map(({ instancePath, message = 'is invalid', params }) => ({
        path: instancePath.split('/').filter((part) => part !== ''),
        message,
        ...params,
      })),
    )
  }
  if (isOutage(error)) return problem('database_unavailable', OUTAGE_DETAIL)
  const { code = '', statusCode = 500, message } = error as Partial<FastifyError>
  const known = FASTIFY_CODES[code]
  if (known !== undefined) return problem(known, message ?? known)
  return statusCode < 500 ? problem('invalid_request', message ?? 'the request is malformed') : null
}

function fieldProblem(parts: Record<string, string | undefined>): FieldProblem {
  const { field = '', detail = '', remedy } = parts
  return remedy === undefined ? { field, detail } : { field, detail, remedy }
}

/** What zod found wrong, as far as we tell it. */
interface Issue {
  readonly path: readonly PropertyKey[]
  readonly message: string
  /** Unknown keys, which zod reports at their parent; the reader wants the key itself. */
  readonly keys?: readonly string[]
}

export function problemOfIssues(issues: readonly Issue[]): Problem {
  const errors = issues.flatMap(({ path, message, keys }) =>
    (keys ?? [null]).map((key) => {
      const field = [...path, ...(key === null ? [] : [key])].map(String).join('.') || 'body'
      const remedy = key === null ? remedyFor(field) : 'Remove it; see /openapi.json for the fields'
      return fieldProblem({ field, detail: message, remedy })
    }),
  )
  const detail = errors.map((error) => `${error.field}: ${error.detail}`).join('; ')
  return problem('invalid_request', detail, errors)
}

export function sendProblem(reply: FastifyReply, body: Problem): void {
  if (body.code === 'unauthorized') reply.header('www-authenticate', 'Bearer')
  reply.code(body.status).type(PROBLEM_TYPE).send(JSON.stringify(body))
}

/** The one place where an error becomes an answer. What is our fault is logged in full and told in one line. */
export function errorHandler(log: Logger) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const known = problemOf(error)
    const route = request.routeOptions.url
    if (known !== null) {
      if (isOutage(error)) {
        const reason = outageReason(error)
        log.warn({ method: request.method, route, reason }, 'request failed: no database')
      }
      sendProblem(reply, known)
      return
    }
    log.error({ err: error, method: request.method, route }, 'request failed')
    const code = error instanceof AppError ? error.code : 'internal'
    const detail = error instanceof AppError ? error.message : 'settled failed; see its log'
    sendProblem(reply, problem(code, detail))
  }
}
