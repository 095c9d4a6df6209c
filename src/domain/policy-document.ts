import { z } from 'zod'
import { formatAmount, parseAmount } from './amount.ts'
import type { Rail } from './chain.ts'
import { AppError } from './error.ts'
import type { Band, Policy } from './policy.ts'

/** A policy as people write it, in chain files and through the API: amounts are decimals in the asset's unit. */
export interface PolicyDocument {
  readonly minimum?: string | undefined
  readonly bands: readonly BandDocument[]
  readonly on_finality_stall?: 'hold' | undefined
}

interface BandDocument {
  readonly up_to?: string | undefined
  readonly confirmations?: number | undefined
  readonly finality?: boolean | undefined
  readonly providers?: number | undefined
}

const BANDS_MAX = 20
const CONFIRMATIONS_MAX = 10_000
const PROVIDERS_MAX = 10

export const bandSchema = z.strictObject({
  up_to: z.string().optional(),
  confirmations: z.int().min(1).max(CONFIRMATIONS_MAX).optional(),
  finality: z.boolean().optional(),
  providers: z.int().min(1).max(PROVIDERS_MAX).optional(),
})

export const policySchema = z.strictObject({
  minimum: z.string().optional(),
  bands: z.array(bandSchema).min(1).max(BANDS_MAX),
  on_finality_stall: z.literal('hold').optional(),
})

/**
 * Reads a policy for one rail. What it does not know it refuses: a rule ignored is money confirmed too early. All
 * that is wrong is told at once, a line each.
 */
export function parsePolicy(document: unknown, rail: Rail): Policy {
  const problems = new Problems()
  const { minimum, bands } = parseShape(document, problems)
  const minimumAmount =
    minimum === undefined ? rail.minimumAmount : problems.amount('minimum', minimum, rail)
  if (minimumAmount !== null && minimumAmount < rail.minimumAmount) {
    problems.add(
      'minimum',
      `"${minimum}" is below ${formatAmount(rail.minimumAmount, rail.decimals)}, the least ${rail.id} allows`,
    )
  }
  const parsed: Band[] = []
  for (const [index, band] of bands.entries()) {
    const before = parsed.at(-1)?.upTo ?? null
    parsed.push(parseBand(band, index, { bands, before, rail, problems }))
  }
  if (minimumAmount === null || problems.found) return problems.refuse()
  return {
    minimumAmount,
    bands: parsed,
    onFinalityStall: 'hold',
  }
}

/** The inverse of `parsePolicy`; what equals its default is left out. */
export function formatPolicy(policy: Policy, rail: Rail): PolicyDocument {
  return {
    minimum: formatAmount(policy.minimumAmount, rail.decimals),
    bands: policy.bands.map(({ upTo, rule, providers }) => ({
      ...(upTo !== null && { up_to: formatAmount(upTo, rail.decimals) }),
      ...(rule.confirmations !== null && { confirmations: rule.confirmations }),
      ...(rule.finality && { finality: true }),
      ...(providers > 1 && { providers }),
    })),
    on_finality_stall: policy.onFinalityStall,
  }
}

interface BandContext {
  readonly bands: readonly BandDocument[]
  /** The end of the band before; null where there is none, or one that was refused. */
  readonly before: bigint | null
  readonly rail: Rail
  readonly problems: Problems
}

function parseBand(
  band: BandDocument,
  index: number,
  { bands, before, rail, problems }: BandContext,
): Band {
  const path = `bands[${index}]`
  const { up_to, confirmations = null, finality = false, providers = 1 } = band
  if (confirmations === null && !finality) {
    problems.add(path, 'needs "confirmations", "finality: true" or both')
  }
  const last = index === bands.length - 1
  if (last !== (up_to === undefined)) {
    problems.add(path, last ? 'the last band must be open-ended, without "up_to"' : 'needs "up_to"')
  }
  const upTo = up_to === undefined ? null : problems.amount(`${path}.up_to`, up_to, rail)
  if (upTo !== null && before !== null && upTo <= before) {
    const above = `"${bands[index - 1]?.up_to}" of the band before`
    problems.add(`${path}.up_to`, `"${up_to}" must be above ${above}`)
  }
  return { upTo, rule: { confirmations, finality }, providers }
}

/** Throws where the document has another shape: what its values mean cannot be said then. */
function parseShape(document: unknown, problems: Problems): PolicyDocument {
  const { data, error } = policySchema.safeParse(document)
  if (data !== undefined) return data
  for (const issue of error.issues) {
    const path = issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    const where = path.join('').slice(1)
    if (issue.code === 'unrecognized_keys') {
      const known = Object.keys((issue.path.length === 0 ? policySchema : bandSchema).shape)
      problems.add(where, `unknown: ${issue.keys.join(', ')}; known: ${known.join(', ')}`)
    } else {
      problems.add(where, issue.message)
    }
  }
  return problems.refuse()
}

/** What is wrong, collected so that a person has to mend a file once only. */
class Problems {
  readonly #lines: string[] = []

  add(path: string, problem: string): void {
    this.#lines.push(`${path === '' ? 'policy' : path}: ${problem}`)
  }

  /** Null when it is none, or zero. */
  amount(path: string, text: string, rail: Rail): bigint | null {
    try {
      const amount = parseAmount(text, rail.decimals, path)
      if (amount > 0n) return amount
      this.add(path, 'must be above zero')
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      this.#lines.push(error.message)
    }
    return null
  }

  get found(): boolean {
    return this.#lines.length > 0
  }

  refuse(): never {
    throw new AppError('invalid_policy', this.#lines.join('\n'))
  }
}
