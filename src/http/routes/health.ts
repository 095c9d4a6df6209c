import { z } from 'zod'
import type { App, RouteDeps } from '../deps.ts'

const Live = z.object({ status: z.literal('ok') })

const Ready = z
  .object({
    ready: z.boolean().meta({ description: 'Whether requests are welcome; 503 when not' }),
    healthy: z.boolean().meta({ description: 'Whether nothing at all is wrong' }),
    database: z.string().nullable().meta({ description: 'What is wrong with it, if anything' }),
    chains: z.array(z.object({ chain: z.string(), problem: z.string().nullable() })),
  })
  .meta({ id: 'Readiness' })

/** For orchestrators and Prometheus: no key, and nothing in the answers that belongs to an environment. */
export function healthRoutes(app: App, { metrics, readiness }: RouteDeps): void {
  const tags = ['operations']
  const security: [] = []

  const live = { tags, security, summary: 'Is the process alive?', response: { 200: Live } }
  app.get('/livez', { schema: live }, () => ({ status: 'ok' as const }))

  const ready = {
    tags,
    security,
    summary: 'May it be asked? Says of the database and of each chain, in words, what is wrong',
    response: { 200: Ready, 503: Ready },
  }
  app.get('/readyz', { schema: ready }, async (_request, reply) => {
    const found = await readiness()
    return reply.code(found.ready ? 200 : 503).send({ ...found, chains: [...found.chains] })
  })

  const text = { 'text/plain': { schema: z.string() } }
  const scrape = { description: 'Prometheus text format', content: text }
  const exposed = { tags, security, summary: 'Metrics', response: { 200: scrape } }
  app.get('/metrics', { schema: exposed }, async (_request, reply) => {
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
  })

  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
}
