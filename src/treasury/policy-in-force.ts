import { currentPolicy, type PolicyVersion } from '../confirmation/policy-store.ts'
import type { Rail } from '../domain/chain.ts'
import { AppError } from '../domain/error.ts'
import { railsOf } from '../environment/environment-store.ts'
import type { Db } from '../store/database.ts'

/** The policy that an environment's next deposit on a rail would be judged by. */
export async function policyInForce(
  db: Db,
  environment: string,
  rail: Rail,
): Promise<PolicyVersion> {
  const current = await currentPolicy(db, environment, rail)
  if (current !== null && (await railsOf(db, environment)).has(rail.id)) return current
  throw new AppError(
    'rail_not_enabled',
    `rail: "${rail.id}" is not enabled for ${environment}; run "settled env enable-rail ${environment} ${rail.id}"`,
  )
}
