import { z } from 'zod'
import { AppError } from '../../domain/error.ts'
import { parsePolicy } from '../../domain/policy-document.ts'
import { required } from '../../lib/assert.ts'
import { trialJson } from '../../treasury/trial-json.ts'
import { tryPolicy } from '../../treasury/trial.ts'
import { callerOf } from '../auth.ts'
import type { App, RouteDeps } from '../deps.ts'
import { FIELDS } from '../fields.ts'
import { problems } from '../openapi.ts'
import { PolicyTrialView } from '../policy-trial-view.ts'
import { Slots } from '../slots.ts'

/** The daemon follows chains meanwhile: more at once is for `settled policy simulate`, a process of its own. */
const DEPOSITS_MAX = 5_000
const SLOTS = { work: 'policy trials', max: 4, maxEach: 1 }

const TrialRequest = z.strictObject({
  rail: FIELDS.rail,
  candidate: FIELDS.candidate,
  from: FIELDS.from,
  to: FIELDS.to,
})

export function policyTrialRoute(app: App, deps: RouteDeps): void {
  const slots = new Slots(SLOTS)
  const schema = {
    tags: ['operations'],
    summary: 'Try a policy on recorded deposits, beside what really happened',
    description: `Writes nothing. At most ${DEPOSITS_MAX} deposits, one trial of an environment at a time.`,
    body: TrialRequest,
    response: { 200: PolicyTrialView, ...problems(400, 413, 415, 422) },
  }
  app.post('/v1/policy-trials', { schema }, (request) => {
    const { environment } = callerOf(request)
    return slots.hold(environment, () => trial(deps, environment, request.body))
  })
}

async function trial(
  { db, env, rails, chains }: RouteDeps,
  environment: string,
  { rail: id, candidate, from, to }: z.infer<typeof TrialRequest>,
) {
  const rail = rails.find(id)?.rail
  if (rail === undefined) {
    throw new AppError(
      'unknown_rail',
      `rail: "${id}" is not watched by this daemon; see /v1/chains`,
    )
  }
  const { chain } = required(
    chains.find((one) => one.chain.id === rail.chainId),
    'a rail that is watched has its chain',
  )
  const readAt = env.clock.now()
  const found = await tryPolicy(db, {
    environment,
    rail,
    chain,
    candidate: parsePolicy(candidate, rail),
    from: new Date(from),
    to: to === undefined ? readAt : new Date(to),
    readAt,
    depositsMax: DEPOSITS_MAX,
  })
  return trialJson(found)
}
