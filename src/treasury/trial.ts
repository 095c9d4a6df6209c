import { policyHistory } from '../confirmation/policy-store.ts'
import type { Chain, Rail } from '../domain/chain.ts'
import { AppError } from '../domain/error.ts'
import type { Policy } from '../domain/policy.ts'
import { atOneMoment, type Db } from '../store/database.ts'
import { readRecords } from './history-store.ts'
import { limitsOf, versionsOf } from './limits.ts'
import { policyInForce } from './policy-in-force.ts'
import { recordOf } from './signs.ts'
import { simulate, type Simulation } from './simulation.ts'

/** A candidate, and the recorded deposits that it is to be tried on. */
export interface TrialRequest {
  readonly environment: string
  readonly rail: Rail
  readonly chain: Pick<Chain, 'id' | 'blockTimeSeconds'>
  readonly candidate: Policy
  readonly from: Date
  readonly to: Date
  /** Until when the deposits are followed: now. */
  readonly readAt: Date
  /** More of them are refused; left out: as many as memory holds. */
  readonly depositsMax?: number
}

export interface Trial {
  readonly window: Window
  readonly simulation: Simulation
}

/** What a report says of itself: of whom, from when until when, and what it was followed to. */
export interface Window {
  readonly environment: string
  readonly rail: Rail
  /** The version that is in force now, and how many of the deposits each version judged. */
  readonly version: number
  readonly versions: readonly { readonly version: number; readonly deposits: number }[]
  readonly from: Date
  readonly to: Date
  readonly readAt: Date
  /** What the records cannot say, a sentence each. */
  readonly limits: readonly string[]
}

export async function tryPolicy(db: Db, request: TrialRequest): Promise<Trial> {
  const { environment, rail, chain, candidate, from, to, readAt } = request
  if (to <= from) {
    const detail = `to: ${to.toISOString()} is not after from, ${from.toISOString()}; name an earlier from`
    throw new AppError('invalid_request', detail)
  }
  const filter = { ...request, rail: rail.id, chainId: chain.id, now: readAt }
  const { inForce, versions, histories, memory } = await atOneMoment(db, async (tx) => ({
    inForce: await policyInForce(tx, environment, rail),
    versions: await policyHistory(tx, environment, rail),
    ...(await readRecords(tx, filter)),
  }))
  const record = recordOf(histories, memory, chain)
  const simulation = simulate({ histories, record, candidate, readMs: readAt.getTime() })
  const { basis } = simulation
  const limits = limitsOf({ rail, candidate, versions, from, to, histories, record, basis })
  const judged = { version: inForce.version, versions: versionsOf(histories) }
  return { window: { environment, rail, ...judged, from, to, readAt, limits }, simulation }
}
