import { z } from 'zod'
import { explainedChain } from '../../explain/desk.ts'
import { explain } from '../../explain/explain.ts'
import { callerOf } from '../auth.ts'
import type { App, RouteDeps } from '../deps.ts'
import { ExplanationView, explanationView } from '../explain-view.ts'
import { FIELDS } from '../fields.ts'
import { problems } from '../openapi.ts'
import { Slots } from '../slots.ts'

/** Each asks the providers, whose patience the followers need more. */
const SLOTS = { work: 'explanations', max: 8, maxEach: 2 }

const NOBODY_ASKED = { absence: 'this process asks no providers' }

export function explainRoute(app: App, deps: RouteDeps): void {
  const { db, env, chains, codecs, oracles } = deps
  const desk = {
    db,
    clock: env.clock,
    chains: chains.map((config) => {
      const { id } = config.chain
      return explainedChain(config, codecs(id), oracles?.(id) ?? NOBODY_ASKED)
    }),
  }
  const slots = new Slots(SLOTS)
  const schema = {
    tags: ['deposits'],
    summary: 'Explain why a payment does not show, from the chain to the webhook',
    description:
      'The chain’s providers are asked anew about a transaction. An entry for each payment it makes to one of ' +
      'your addresses; if it makes none, one that says why not.',
    params: z.object({ subject: FIELDS.subject }),
    querystring: z.strictObject({ rail: FIELDS.rail.optional() }),
    response: {
      200: z.object({ data: z.array(ExplanationView) }),
      ...problems(400, 404, 422),
    },
  }
  app.get('/v1/explain/:subject', { schema }, (request) => {
    const { environment } = callerOf(request)
    const question = { ...request.params, ...request.query, environment }
    return slots.hold(environment, async (leave) => {
      const explanations = await explain({ ...desk, leave }, question)
      return { data: explanations.map(explanationView) }
    })
  })
}
