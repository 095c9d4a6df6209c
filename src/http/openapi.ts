import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { EVENT_TYPES, type EventType } from '../domain/event.ts'
import { Problem, PROBLEM_TYPE } from './problem.ts'

const MEANINGS: Readonly<Record<EventType, string>> = {
  'deposit.detected': 'The transfer is in a block of our view. Means nothing for a ledger yet.',
  'deposit.confirmed': "The environment's policy for this rail and amount is met.",
  'deposit.final': 'Confirmed, and the chain itself calls its block irreversible.',
  'deposit.orphaned':
    'Its block left the chain, or proved not to be its own, before the deposit was confirmed.',
  'deposit.reversed':
    'Its block left the chain, or proved not to be its own, after the deposit was confirmed: act on it.',
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'The request is malformed; `errors[]` names each field',
  401: 'No valid API key',
  404: 'No such object in this environment',
  409: 'In conflict with what exists, or with an earlier use of the Idempotency-Key',
  413: 'The body is larger than its limit',
  415: 'The Content-Type is not one this route reads',
  422: 'Well-formed, and not possible for this environment',
  503: 'Not ready, or the database cannot be reached',
}

/** The problems a route answers with, for its `response`. That a key or the database is missing any route can say. */
export function problems<const Status extends number>(
  ...statuses: Status[]
): Record<Status | 401 | 503, ReturnType<typeof response>> {
  const entries = [401, ...statuses, 503].map((status) => [status, response(status)] as const)
  return Object.fromEntries(entries) as Record<Status | 401 | 503, ReturnType<typeof response>>
}

function response(status: number) {
  return {
    description: REASONS[status] ?? 'A problem',
    content: { [PROBLEM_TYPE]: { schema: Problem } },
  }
}

/**
 * `/openapi.json`. Both transforms are needed: the first turns each route's zod schemas into `$ref`s, the second
 * puts what they refer to under `components`.
 */
export const OPENAPI: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'settled',
      version: '1',
      description:
        'Stablecoin deposits from first sight to irreversibility. Errors are RFC 9457 problems with a stable ' +
        '`code`. Every write takes an `Idempotency-Key`, remembered for 24 hours; `POST /v1/addresses/bulk` and ' +
        '`POST /v1/policy-trials` take none. What belongs to another environment does not exist for a key.',
    },
    tags: ['addresses', 'deposits', 'events', 'endpoints', 'deliveries', 'operations'].map(
      (name) => ({ name }),
    ),
    components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
    security: [{ key: [] }],
    webhooks: Object.fromEntries(EVENT_TYPES.map((type) => [type, webhook(type)])),
  },
  transform: jsonSchemaTransform,
  transformObject: (document) => withoutInputs(jsonSchemaTransformObject(document)),
}

type Document = ReturnType<typeof jsonSchemaTransformObject>

/** Every named schema is one that we send; the twin that describes it as input (`…Input`) is used by nothing. */
function withoutInputs(document: Document): Document {
  const { components = {} } = document as { components?: { schemas?: object } }
  const named = Object.entries(components.schemas ?? {})
  const schemas = Object.fromEntries(named.filter(([name]) => !name.endsWith('Input')))
  return { ...document, components: { ...components, schemas } } as Document
}

function webhook(type: EventType) {
  const header = (name: string, description: string) => ({
    in: 'header' as const,
    name,
    description,
    required: true,
    schema: { type: 'string' as const },
  })
  return {
    post: {
      operationId: type,
      tags: ['events'],
      summary: MEANINGS[type],
      description:
        'Standard Webhooks 1.0.0: verify the signature over the raw body, then answer 2xx.',
      security: [],
      parameters: [
        header('webhook-id', 'The event id, the same for every attempt'),
        header('webhook-timestamp', 'When this attempt was made, in Unix seconds'),
        header('webhook-signature', 'Space-separated `v1,` HMAC-SHA256 signatures'),
      ],
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: {
              allOf: [
                { $ref: '#/components/schemas/DepositEvent' },
                { properties: { type: { const: type } } },
              ],
            },
          },
        },
      },
      responses: { '2XX': { description: 'Received; it will not be sent again' } },
    },
  }
}
