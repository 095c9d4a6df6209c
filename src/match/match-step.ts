import type { Match } from '../domain/match.ts'
import { StaleStepError, type Step } from '../domain/step.ts'
import { numberEqualTransfers } from '../domain/transfer.ts'
import type { Tx } from '../store/database.ts'
import type { AddressFilter } from './address-filter.ts'
import { requestHistoryBelow } from './history-store.ts'
import { findRegistered, lockEpoch } from './match-store.ts'
import { matchTransfers } from './matcher.ts'

export interface Watch {
  readonly filter: AddressFilter
  /** Height of the chain's first block. */
  readonly start: number
  readonly now: Date
}

/**
 * Finds a step's transfers to registered addresses. Registrations are held off until the commit, so each one is
 * either visible here or later than this step. With the first block, the history that was asked for before it is
 * known to end there.
 */
export async function matchStep(
  tx: Tx,
  step: Step,
  { filter, start, now }: Watch,
): Promise<Match[]> {
  if (step.kind === 'disconnect' || step.kind === 'settle') return []
  const { chainId } = step
  const epoch = await lockEpoch(tx, chainId)
  const isFirst = step.kind === 'connect' && step.from === start
  if (isFirst) await requestHistoryBelow(tx, { chainId, start, now })
  await filter.catchUp(tx, epoch)
  const candidates = filter.candidates(step.transfers)
  const addresses = await findRegistered(tx, candidates)
  const matches = matchTransfers(numberEqualTransfers(candidates), addresses, step.kind)
  const untimed = matches.find(({ transfer }) => transfer.blockTimeMs === null)
  if (untimed !== undefined) {
    throw new StaleStepError(
      `an address of ${untimed.transfer.txHash} was registered while its block was read`,
    )
  }
  return matches
}
