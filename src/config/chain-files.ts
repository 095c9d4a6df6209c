import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { parseAmount } from '../domain/amount.ts'
import { canonicalId } from '../domain/caip.ts'
import type { Chain, FinalityRule, Rail } from '../domain/chain.ts'
import { AppError } from '../domain/error.ts'
import { parsePolicy, policySchema } from '../domain/policy-document.ts'
import { isHex } from '../lib/hex.ts'
import type { RailConfig } from './config.ts'

/** The project's own, found both from `src/config` and from `dist/config`. */
export const CHAINS = fileURLToPath(new URL('../../chains', import.meta.url))

/** Milliseconds between two looks at the head, whoever says them. */
export const POLL_MS_MIN = 250
export const POLL_MS_MAX = 60_000

/** A fact nobody can check is a rumour: every value says where it is from. */
const sourced = <T extends z.ZodType>(value: T) =>
  z.strictObject({ value, source: z.string().min(10) })

const chainSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}$/, 'must be a CAIP-2 id')
    .refine((text) => canonicalId(text) === text, 'must have its number in decimal'),
  name: z.string().min(1),
  family: z.enum(['evm', 'tron']),
  block_time_seconds: sourced(z.number().positive()),
  finality: z.discriminatedUnion('rule', [
    z.strictObject({ rule: z.literal('finalized'), source: z.string().min(10) }),
    z.strictObject({
      rule: z.literal('depth'),
      blocks: z.int().positive(),
      source: z.string().min(10),
    }),
  ]),
  reorg_window: sourced(z.int().positive()),
  /** Where providers bear fewer looks at the head than blocks would suggest. */
  poll_ms: sourced(z.int().min(POLL_MS_MIN).max(POLL_MS_MAX)).optional(),
})

const assetSchema = z.strictObject({
  symbol: z.string().min(1),
  asset_id: z
    .string()
    .regex(/^[-:_a-zA-Z0-9]+\/[-a-z0-9]{3,8}:[-.%a-zA-Z0-9]+$/, 'must be a CAIP-19 id'),
  contract: sourced(
    z
      .string()
      .transform((text) => text.toLowerCase())
      .refine(isAddress, 'must be 20 bytes of 0x-hexadecimal'),
  ),
  decimals: sourced(z.int().min(0).max(36)),
  minimum_amount: sourced(z.string()),
  default_policy: sourced(policySchema),
})

export interface ChainFacts {
  readonly chain: Chain
  readonly rails: readonly RailConfig[]
  /** The pause between two looks at the head where nobody sets one; null: it follows from the block time. */
  readonly pollMs: number | null
}

export function listChains(directory = CHAINS): string[] {
  const entries = readdirSync(directory, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
}

/** Reads `chains/<slug>/`: the chain and, one file each, the assets that can move on it. */
export function loadChain(slug: string, directory = CHAINS): ChainFacts {
  const known = listChains(directory)
  if (!known.includes(slug)) {
    throw new AppError('misconfigured', `unknown chain "${slug}"; known: ${known.join(', ')}`)
  }
  const folder = path.join(directory, slug)
  const { chain, pollMs } = readChain(slug, path.join(folder, 'chain.yaml'))
  const files = readdirSync(folder).filter(
    (name) => name.endsWith('.yaml') && name !== 'chain.yaml',
  )
  return { chain, rails: files.map((name) => readRail(chain, path.join(folder, name))), pollMs }
}

function readChain(slug: string, file: string): Pick<ChainFacts, 'chain' | 'pollMs'> {
  const facts = readFacts(file, chainSchema)
  const finality: FinalityRule =
    facts.finality.rule === 'depth'
      ? { kind: 'depth', blocks: facts.finality.blocks }
      : { kind: 'finalized' }
  const chain: Chain = {
    id: facts.id,
    slug,
    name: facts.name,
    family: facts.family,
    blockTimeSeconds: facts.block_time_seconds.value,
    finality,
    reorgWindow: facts.reorg_window.value,
  }
  return { chain, pollMs: facts.poll_ms?.value ?? null }
}

function readRail(chain: Chain, file: string): RailConfig {
  const facts = readFacts(file, assetSchema)
  const asset = path.basename(file, '.yaml')
  const contract = facts.contract.value
  const decimals = facts.decimals.value
  if (!facts.asset_id.startsWith(`${chain.id}/`)) {
    throw new AppError('misconfigured', `${file}: asset_id must begin with ${chain.id}/`)
  }
  const rail: Rail = {
    id: `${chain.slug}/${asset}`,
    chainId: chain.id,
    asset,
    symbol: facts.symbol,
    assetId: facts.asset_id,
    contract,
    decimals,
    minimumAmount: parseAmount(facts.minimum_amount.value, decimals, `${file}: minimum_amount`),
  }
  if (rail.minimumAmount < 1n) {
    throw new AppError('misconfigured', `${file}: minimum_amount must be above zero`)
  }
  return { rail, defaultPolicy: parsePolicy(facts.default_policy.value, rail) }
}

function readFacts<T>(file: string, schema: z.ZodType<T>): T {
  const { data, error } = schema.safeParse(parseYaml(readFileSync(file, 'utf8')))
  if (error !== undefined) {
    throw new AppError('misconfigured', `${file}:\n${z.prettifyError(error)}`)
  }
  return data
}

function isAddress(text: string): text is Rail['contract'] {
  return isHex(text) && text.length === 42
}
