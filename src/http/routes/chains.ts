import { z } from 'zod'
import { readCursor, type Cursor } from '../../block/block-store.ts'
import type { BlockRef } from '../../domain/block.ts'
import type { Chain, Codec } from '../../domain/chain.ts'
import type { App, RouteDeps } from '../deps.ts'
import { problems } from '../openapi.ts'

const BlockRefView = z.object({ height: z.int(), hash: z.string() })

const ChainView = z
  .object({
    chain: z.string().meta({ description: 'CAIP-2' }),
    slug: z.string(),
    name: z.string(),
    rails: z.array(z.string()),
    head_height: z.int().nullable().meta({
      description:
        'Newest block a provider showed the daemon that answers; null on one that does not follow the chain',
    }),
    tip: BlockRefView.extend({ time: z.iso.datetime() })
      .nullable()
      .meta({ description: 'The last block fully applied; null before the first' }),
    finalized: BlockRefView.nullable(),
    updated_at: z.iso.datetime().nullable().meta({ description: 'When the tip last moved' }),
    halted_at: z.iso.datetime().nullable(),
    halt: z
      .object({ reason: z.string(), head: BlockRefView, ancestor: BlockRefView.nullable() })
      .nullable()
      .meta({ description: 'Why it is halted, and where its providers stand' }),
    problem: z.string().nullable().meta({ description: 'What /readyz says of it' }),
  })
  .meta({ id: 'Chain' })

/** The same for every environment: where a chain stands is nobody's secret. */
export function chainRoutes(app: App, { db, chains, codecs, heads, readiness }: RouteDeps): void {
  const schema = {
    tags: ['operations'],
    summary: 'List the chains this daemon was configured with, and where each stands',
    response: { 200: z.object({ data: z.array(ChainView) }), ...problems() },
  }
  app.get('/v1/chains', { schema }, async () => {
    const { chains: judged } = await readiness()
    const data = await Promise.all(
      chains.map(async ({ chain, rails }) => ({
        ...standing(chain, await readCursor(db, chain.id), codecs(chain.id)),
        rails: rails.map(({ rail }) => rail.id),
        head_height: heads(chain.id),
        problem: judged.find((one) => one.chain === chain.slug)?.problem ?? null,
      })),
    )
    return { data }
  })
}

function standing({ id, slug, name }: Chain, cursor: Cursor | null, codec: Codec) {
  const refView = ({ height, hash }: BlockRef) => ({ height, hash: codec.formatHash(hash) })
  const halt = cursor?.halt ?? null
  return {
    chain: id,
    slug,
    name,
    tip: cursor && { ...refView(cursor), time: cursor.time.toISOString() },
    finalized: cursor?.finalized ? refView(cursor.finalized) : null,
    updated_at: cursor?.updatedAt.toISOString() ?? null,
    halted_at: cursor?.haltedAt?.toISOString() ?? null,
    halt: halt && {
      reason: halt.reason,
      head: refView(halt.head),
      ancestor: halt.ancestor && refView(halt.ancestor),
    },
  }
}
