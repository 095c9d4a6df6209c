import { z } from 'zod'
import { EVENT_TYPES } from '../domain/event.ts'
import { KINDS } from './finding-view.ts'

/** No control characters or halves of surrogate pairs: PostgreSQL refuses the first, UTF-8 the second. */
const TEXT = /^[^\p{Cc}\p{Cs}]*$/u

export const PAGE_DEFAULT = 50
export const PAGE_MAX = 200
export const FEED_MAX = 1_000

function id(prefix: string, what: string) {
  return z
    .string()
    .regex(new RegExp(`^${prefix}_[0-9a-z]{1,60}$`), `is not the id of ${what}`)
    .describe(`Id of ${what}: \`${prefix}_…\``)
}

/** Identity columns: decimal text in the API, below 10¹⁵ and thus exact as a number. */
function rowId(what: string) {
  return z
    .string()
    .regex(/^[1-9]\d{0,14}$/, `is not the id of ${what}`)
    .describe(`Id of ${what}: decimal digits`)
}

/**
 * Every field a request may carry, by its name. The description is both the reference in `/openapi.json` and the
 * remedy in a problem's `errors[]`, so the two cannot disagree.
 */
export const FIELDS = {
  rail: z
    .string()
    .regex(/^[a-z0-9-]{1,31}\/[a-z0-9-]{1,31}$/, 'is not a rail id')
    .describe('Rail the environment has enabled, such as `ethereum/usdt`'),
  address: z
    .string()
    .min(1)
    .max(100)
    .describe('Address in the form of its chain, with its checksum; on EVM also all lower case'),
  owner: z
    .string()
    .min(1)
    .max(255)
    .regex(TEXT, 'has control characters')
    .describe('Your own id for whoever pays here, 1 to 255 characters'),
  watch_from: z
    .int()
    .min(0)
    .nullable()
    .optional()
    .describe(
      'First block height to search for deposits, from the first block that the daemon watched on; from now on if ' +
        'left out',
    ),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(PAGE_MAX)
    .default(PAGE_DEFAULT)
    .describe(`Rows per page, 1 to ${PAGE_MAX}`),
  cursor: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .describe('`next_cursor` of the page before; left out for the first page'),
  state: z
    .enum(['detected', 'confirmed', 'final', 'orphaned', 'reversed'])
    .describe('`detected`, `confirmed`, `final`, `orphaned` or `reversed`'),
  tx_hash: z.string().min(1).max(100).describe('Transaction hash in the form of its chain'),
  detected_after: z.iso
    .datetime({ offset: true })
    .describe('ISO 8601 with time zone, such as `2026-01-31T12:00:00Z`; exclusive'),
  detected_before: z.iso
    .datetime({ offset: true })
    .describe('ISO 8601 with time zone, such as `2026-01-31T12:00:00Z`; exclusive'),
  after: z.coerce
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('`seq` of the last event you have; 0 for the beginning'),
  url: z.string().min(1).max(2_048).describe('Absolute https:// URL that the internet can reach'),
  description: z
    .string()
    .max(255)
    .regex(TEXT, 'has control characters')
    .describe('For people, up to 255 characters'),
  event_types: z
    .array(z.enum(EVENT_TYPES))
    .min(1)
    .max(EVENT_TYPES.length)
    .nullable()
    .describe(`Some of ${EVENT_TYPES.join(', ')}; null for all, also those of the future`),
  endpoint_state: z
    .enum(['enabled', 'disabled'])
    .describe('`enabled`, which also closes its circuit breaker, or `disabled`'),
  overlap_seconds: z
    .int()
    .min(0)
    .max(7 * 86_400)
    .default(86_400)
    .describe(
      'How long the old secret still signs beside the new one: 0 to 604800, a day if left out',
    ),
  from_seq: z.int().min(1).describe('First `seq` of the feed to send again'),
  to_seq: z.int().min(1).describe('Last `seq` of the feed to send again, not below `from_seq`'),
  delivery_state: z
    .enum(['pending', 'delivered', 'dead'])
    .describe('`pending`, `delivered` or `dead`, which is the dead letter box'),
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'is not usable')
    .optional()
    .describe('1 to 255 visible ASCII characters, such as a UUID; remembered for 24 hours'),
  subject: z
    .string()
    .min(1)
    .max(100)
    .describe('Transaction hash, address or deposit id, in the form of its chain'),
  candidate: z
    .unknown()
    .describe(
      'A policy as "settled policy apply" takes it, with `bands`: see docs/configuration.md',
    ),
  from: z.iso
    .datetime({ offset: true })
    .describe('ISO 8601 with time zone: deposits first seen from here on'),
  to: z.iso
    .datetime({ offset: true })
    .optional()
    .describe('ISO 8601 with time zone, exclusive: until now if left out'),
  address_id: rowId('an address'),
  deposit_id: id('dep', 'a deposit'),
  event_id: id('evt', 'an event'),
  endpoint_id: id('ep', 'an endpoint'),
  delivery_id: rowId('a delivery'),
  finding_id: id('fnd', 'a finding'),
  finding_state: z
    .enum(['open', 'acknowledged', 'resolved', 'standing'])
    .describe('`open`, `acknowledged`, `resolved`, or `standing` for whatever is not resolved'),
  kind: z.enum(KINDS).describe(`One of ${KINDS.join(', ')}`),
} as const

/** The remedy for a field: what it should have been. */
export function remedyFor(field: string): string | undefined {
  const name = field.split('.').at(-1) ?? ''
  return Object.hasOwn(FIELDS, name) ? FIELDS[name as keyof typeof FIELDS].description : undefined
}
