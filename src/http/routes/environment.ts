import { z } from 'zod'
import { currentPolicy, type PolicyVersion } from '../../confirmation/policy-store.ts'
import type { Rail } from '../../domain/chain.ts'
import { formatPolicy, policySchema } from '../../domain/policy-document.ts'
import { findEnvironment, railsOf } from '../../environment/environment-store.ts'
import { required } from '../../lib/assert.ts'
import { callerOf } from '../auth.ts'
import type { App, RouteDeps } from '../deps.ts'
import { problems } from '../openapi.ts'

const RailView = z.object({
  rail: z.string(),
  chain: z.string().meta({ description: 'CAIP-2' }),
  symbol: z.string(),
  decimals: z.int(),
  policy: z
    .object({
      version: z.int(),
      document: policySchema.meta({ description: 'As "settled policy apply" takes it' }),
      author: z.string(),
      reason: z.string(),
      created_at: z.iso.datetime(),
    })
    .nullable()
    .meta({ description: 'The version in force; null where none was ever set' }),
})

const EnvironmentView = z
  .object({
    id: z.string(),
    kind: z.enum(['live', 'test']),
    rails: z.array(RailView).meta({ description: 'Enabled, and watched by this daemon' }),
  })
  .meta({ id: 'Environment' })

export function environmentRoute(app: App, { db, rails }: RouteDeps): void {
  const schema = {
    tags: ['operations'],
    summary: 'Get the environment of this key: its rails, and the policy in force on each',
    response: { 200: EnvironmentView, ...problems() },
  }
  app.get('/v1/environment', { schema }, async (request) => {
    const { environment } = callerOf(request)
    const { id, kind } = required(await findEnvironment(db, environment), 'a key has one')
    const enabled = [...(await railsOf(db, environment))].flatMap((rail) => {
      const entry = rails.find(rail)
      return entry === null ? [] : [entry.rail]
    })
    const views = await Promise.all(
      enabled.map(async (rail) => railView(rail, await currentPolicy(db, environment, rail))),
    )
    return { id, kind, rails: views }
  })
}

function railView(rail: Rail, current: PolicyVersion | null): z.infer<typeof RailView> {
  return {
    rail: rail.id,
    chain: rail.chainId,
    symbol: rail.symbol,
    decimals: rail.decimals,
    policy: current && {
      version: current.version,
      document: documentView(current, rail),
      author: current.author,
      reason: current.reason,
      created_at: current.createdAt.toISOString(),
    },
  }
}

function documentView({ policy }: PolicyVersion, rail: Rail): z.infer<typeof policySchema> {
  const { bands, ...rest } = formatPolicy(policy, rail)
  return { ...rest, bands: [...bands] }
}
