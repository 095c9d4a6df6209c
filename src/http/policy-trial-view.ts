import { z } from 'zod'

const TallyView = z.object({
  count: z.int(),
  amount: z.string().meta({ description: 'Base units' }),
  amount_decimal: z.string().meta({ description: "Exact, in the asset's unit" }),
})

const FiguresView = z.object({
  confirmed: z.int(),
  wait_ms: z
    .object({ p50: z.int(), p95: z.int(), max: z.int() })
    .nullable()
    .meta({ description: 'From first sight to the first `confirmed`; null where none was' }),
  amount_seconds: z.string().meta({ description: 'Sum of amount × seconds until then' }),
  reversed: TallyView.meta({ description: 'Confirmed, and taken back after' }),
  waiting: TallyView,
  orphaned: TallyView,
})

const ComparisonView = z.object({
  up_to: z.string().nullable().optional().meta({ description: 'Of the band; null for the last' }),
  rule: z
    .object({
      confirmations: z.int().nullable(),
      finality: z.boolean(),
      providers: z.int(),
    })
    .optional(),
  deposits: TallyView,
  in_force: FiguresView,
  candidate: FiguresView,
})

/** What `treasury/trial-json.ts` makes, described. */
export const PolicyTrialView = z
  .object({
    environment: z.string(),
    rail: z.string(),
    decimals: z.int(),
    policy_version: z.int().meta({ description: 'In force now' }),
    judged_by: z.array(z.object({ version: z.int(), deposits: z.int() })),
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    read_at: z.iso.datetime(),
    bands: z.array(ComparisonView).meta({ description: "The candidate's bands" }),
    total: ComparisonView,
    below_minimum: TallyView.meta({
      description: "Below the candidate's minimum: in no other row",
    }),
    basis: z.object({
      recorded: z.int(),
      estimated: z.int(),
      providers_assumed: z.int(),
    }),
    limits: z.array(z.string()).meta({ description: 'What the records cannot say' }),
    unexplained: z
      .array(z.string())
      .meta({ description: 'Deposits whose own rule, replayed, does not give what was recorded' }),
  })
  .meta({ id: 'PolicyTrial' })
