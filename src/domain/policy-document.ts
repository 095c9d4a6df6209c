import { z } from 'zod'
import { assert } from '../lib/assert.ts'
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

/** Reads a policy for one rail. What it does not know it refuses: a rule ignored is money confirmed too early. */
export function parsePolicy(document: unknown, rail: Rail): Policy {
  const { minimum, bands } = parseShape(document)
  const minimumAmount =
    minimum === undefined ? rail.minimumAmount : amountAt('minimum', minimum, rail)
  if (minimumAmount < rail.minimumAmount) {
    refuse(
      'minimum',
      `"${minimum}" is below ${formatAmount(rail.minimumAmount, rail.decimals)}, the least ${rail.id} allows`,
    )
  }
  return {
    minimumAmount,
    bands: bands.map((band, index) => parseBand(band, index, { bands, rail })),
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
  readonly rail: Rail
}

function parseBand(band: BandDocument, index: number, { bands, rail }: BandContext): Band {
  const path = `bands[${index}]`
  const { up_to, confirmations = null, finality = false, providers = 1 } = band
  if (confirmations === null && !finality) {
    refuse(path, 'needs "confirmations", "finality: true" or both')
  }
  const last = index === bands.length - 1
  if (last !== (up_to === undefined)) {
    refuse(path, last ? 'the last band must be open-ended, without "up_to"' : 'needs "up_to"')
  }
  const upTo = up_to === undefined ? null : amountAt(`${path}.up_to`, up_to, rail)
  const before = bands[index - 1]?.up_to
  if (
    upTo !== null &&
    before !== undefined &&
    upTo <= amountAt(`bands[${index - 1}].up_to`, before, rail)
  ) {
    refuse(`${path}.up_to`, `"${up_to}" must be above "${before}" of the band before`)
  }
  return { upTo, rule: { confirmations, finality }, providers }
}

function parseShape(document: unknown): PolicyDocument {
  const { data, error } = policySchema.safeParse(document)
  if (data !== undefined) return data
  const [issue] = error.issues
  assert(issue !== undefined, 'a refusal by zod names at least one issue')
  const path = issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
  const where = path.join('').slice(1)
  if (issue.code !== 'unrecognized_keys') return refuse(where, issue.message)
  const known = Object.keys((issue.path.length === 0 ? policySchema : bandSchema).shape)
  return refuse(where, `unknown: ${issue.keys.join(', ')}; known: ${known.join(', ')}`)
}

function amountAt(path: string, text: string, rail: Rail): bigint {
  try {
    const amount = parseAmount(text, rail.decimals, path)
    if (amount === 0n) refuse(path, 'must be above zero')
    return amount
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause
    throw new AppError('invalid_policy', cause.message, { cause })
  }
}

function refuse(path: string, problem: string): never {
  throw new AppError('invalid_policy', `${path === '' ? 'policy' : path}: ${problem}`)
}
