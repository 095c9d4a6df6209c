import { z } from 'zod'
import type { DepositRecord } from '../confirmation/deposit-read-store.ts'
import { EVENT_TYPES } from '../domain/event.ts'
import { depositFacts } from '../outbox/payload.ts'
import type { RailBook } from './rail-book.ts'

const BlockView = z.object({
  height: z.int(),
  hash: z.string(),
  time: z.iso.datetime().meta({ description: "The block's own timestamp" }),
})

/** What events and the API both say of a deposit: the shape of `depositFacts`. */
const DepositFacts = z.object({
  id: z.string(),
  version: z
    .int()
    .meta({ description: 'Grows by one with every event: drop what is older than what you have' }),
  environment: z.string(),
  state: z.enum(['detected', 'confirmed', 'final', 'orphaned', 'reversed']),
  rail: z.string(),
  chain: z.string().meta({ description: 'CAIP-2' }),
  asset: z.string().meta({ description: 'CAIP-19' }),
  address: z.string(),
  owner: z.string(),
  sender: z.string(),
  amount: z.string().regex(/^\d+$/).meta({ description: 'Base units' }),
  decimals: z.int(),
  amount_decimal: z.string().meta({ description: 'The same amount in whole units, exact' }),
  transaction: z.object({ hash: z.string(), log_index: z.int() }),
  block: BlockView,
  policy: z.object({
    version: z.int(),
    confirmations: z.int().nullable(),
    finality: z.boolean(),
    providers: z.int(),
  }),
})

export const DepositView = DepositFacts.extend({
  witnesses: z.int().meta({ description: 'Providers seen to show the current sighting' }),
  detected_at: z.iso.datetime(),
  confirmed_at: z.iso.datetime().nullable(),
  final_at: z.iso.datetime().nullable(),
  orphaned_at: z.iso.datetime().nullable(),
  reversed_at: z.iso.datetime().nullable(),
  address_blacklisted_at: z.iso.datetime().nullable().meta({
    description:
      'Since when the issuer of the token lets nobody move what is at this address; null: it does',
  }),
}).meta({ id: 'Deposit' })

/** The body of every webhook, and the `payload` of the feed. Built in `outbox/payload.ts`, only described here. */
export const DepositEventView = z
  .object({
    type: z.enum(EVENT_TYPES),
    timestamp: z.iso.datetime(),
    data: DepositFacts.extend({
      retracts: z
        .string()
        .nullable()
        .meta({ description: 'Id of the event this one takes back; null if it takes none back' }),
    }),
  })
  .meta({ id: 'DepositEvent' })

export function depositView(record: DepositRecord, rails: RailBook): z.infer<typeof DepositView> {
  const { rail, codec } = rails.recorded(record.rail)
  return {
    ...depositFacts(record, rail, codec),
    witnesses: record.witnesses,
    detected_at: record.detectedAt.toISOString(),
    confirmed_at: record.confirmedAt?.toISOString() ?? null,
    final_at: record.finalAt?.toISOString() ?? null,
    orphaned_at: record.orphanedAt?.toISOString() ?? null,
    reversed_at: record.reversedAt?.toISOString() ?? null,
    address_blacklisted_at: record.addressBlacklistedAt?.toISOString() ?? null,
  }
}
