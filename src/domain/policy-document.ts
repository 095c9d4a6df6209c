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
const SHOWN_MAX = 80

const amountSchema = z.string(saying('is no text; write the amount in quotes, like "12.5"'))

export const bandSchema = z.strictObject(
  {
    up_to: amountSchema.optional(),
    confirmations: wholeNumber(CONFIRMATIONS_MAX, 6).optional(),
    finality: z
      .boolean(saying('is neither true nor false; write true, or leave it out'))
      .optional(),
    providers: wholeNumber(PROVIDERS_MAX, 2).optional(),
  },
  saying('is no band; write it such as "- finality: true"'),
)

const NO_BANDS = `must be a list of 1 to ${BANDS_MAX} bands; begin with one, such as "- finality: true"`

export const policySchema = z.strictObject(
  {
    minimum: amountSchema.optional(),
    bands: z.array(bandSchema, NO_BANDS).min(1, NO_BANDS).max(BANDS_MAX, NO_BANDS),
    on_finality_stall: z
      .literal('hold', saying('is not known; write hold, or leave it out'))
      .optional(),
  },
  saying('is no policy; write it as minimum, bands, on_finality_stall'),
)

/** What a document of another shape has of amounts: they can be judged all the same. */
const amountsSchema = z
  .object({
    minimum: z.string().optional().catch(undefined),
    bands: z.array(z.object({ up_to: z.string().optional().catch(undefined) }).catch({})).catch([]),
  })
  .catch({ bands: [] })

/** What is wrong with a value, in words that say what to write instead; of unknown keys zod names each. */
function saying(remedy: string) {
  const error = ({ code, input }: z.core.$ZodRawIssue): string | undefined =>
    code === 'unrecognized_keys' ? undefined : `${shown(input)} ${remedy}`
  return { error }
}

function wholeNumber(max: number, example: number) {
  const error = saying(`is no whole number from 1 to ${max}; write it like ${example}`)
  return z.int(error).min(1, error).max(max, error)
}

function shown(input: unknown): string {
  if (typeof input === 'string') return JSON.stringify(input.slice(0, SHOWN_MAX))
  if (typeof input === 'number' || typeof input === 'boolean') return `${input}`
  if (Array.isArray(input)) return 'a list'
  return input === null || input === undefined ? 'nothing' : 'a mapping'
}

/**
 * Reads a policy for one rail. What it does not know it refuses: a rule ignored is money confirmed too early. All
 * that is wrong is told at once, a line each.
 */
export function parsePolicy(document: unknown, rail: Rail): Policy {
  const problems = new Problems()
  const { data, error } = policySchema.safeParse(document)
  if (error !== undefined) return refuseShape(document, error, { rail, problems })
  const { minimum, bands } = data
  const minimumAmount = parseMinimum(minimum, rail, problems)
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

interface BandContext<B = BandDocument> {
  readonly bands: readonly B[]
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
  const upTo = parseUpTo(up_to, index, { bands, before, rail, problems })
  return { upTo, rule: { confirmations, finality }, providers }
}

function parseUpTo(
  text: string | undefined,
  index: number,
  { bands, before, rail, problems }: BandContext<Pick<BandDocument, 'up_to'>>,
): bigint | null {
  if (text === undefined) return null
  const path = `bands[${index}].up_to`
  const upTo = problems.amount(path, text, rail)
  if (upTo !== null && before !== null && upTo <= before) {
    const above = `"${bands[index - 1]?.up_to}" of the band before`
    problems.add(path, `"${text}" must be above ${above}`)
  }
  return upTo
}

/** Null when it was refused. */
function parseMinimum(text: string | undefined, rail: Rail, problems: Problems): bigint | null {
  if (text === undefined) return rail.minimumAmount
  const amount = problems.amount('minimum', text, rail)
  if (amount !== null && amount < rail.minimumAmount) {
    const least = formatAmount(rail.minimumAmount, rail.decimals)
    problems.add('minimum', `"${text}" is below ${least}, the least ${rail.id} allows`)
  }
  return amount
}

/** The document has another shape: its amounts are judged, and what its rules mean cannot be said. */
function refuseShape(
  document: unknown,
  error: z.ZodError,
  { rail, problems }: Pick<BandContext, 'rail' | 'problems'>,
): never {
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
  const { minimum, bands } = amountsSchema.parse(document)
  parseMinimum(minimum, rail, problems)
  let before: bigint | null = null
  for (const [index, band] of bands.entries()) {
    before = parseUpTo(band.up_to, index, { bands, before, rail, problems })
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
