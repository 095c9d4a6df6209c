import { z } from 'zod'
import { CHECKS, LEVELS, REASONS, type Explanation } from '../explain/check.ts'

const CheckView = z.object({
  check: z.enum(CHECKS),
  level: z.enum(LEVELS).meta({
    description: '`waiting`: time or somebody will do it; `stopped`: nothing happens by itself',
  }),
  detail: z.string(),
  evidence: z.array(z.string()),
  reason: z.enum(REASONS).nullable().meta({ description: 'null when the level is `ok`' }),
  remedy: z.string().nullable(),
})

export const ExplanationView = z
  .object({
    chain: z.string(),
    environment: z.string().nullable(),
    rail: z.string().nullable(),
    transaction: z.string().nullable(),
    address: z.string().nullable().meta({ description: 'Who was paid' }),
    deposit: z.string().nullable(),
    state: z.enum(['detected', 'confirmed', 'final', 'orphaned', 'reversed']).nullable(),
    verdict: z.string().meta({ description: 'The one line that decides' }),
    reason: z
      .enum(REASONS)
      .nullable()
      .meta({ description: 'The same in a word; null when nothing is in the way' }),
    checks: z.array(CheckView).meta({ description: 'From the chain to the webhook' }),
  })
  .meta({ id: 'Explanation' })

export function explanationView({ checks, ...rest }: Explanation): z.infer<typeof ExplanationView> {
  return {
    ...rest,
    checks: checks.map(({ name, level, detail, evidence, reason, remedy }) => ({
      check: name,
      level,
      detail,
      evidence: [...evidence],
      reason,
      remedy,
    })),
  }
}
