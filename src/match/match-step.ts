import type { Match } from '../domain/match.ts'
import { StaleStepError, type Step } from '../domain/step.ts'
import { numberEqualTransfers } from '../domain/transfer.ts'
import type { Tx } from '../store/database.ts'
import type { AddressFilter } from './address-filter.ts'
import { findRegistered, lockEpoch } from './match-store.ts'
import { matchTransfers } from './matcher.ts'

/**
 * Finds a step's transfers to registered addresses. Registrations are held off until the commit, so each one is
 * either visible here or later than this step.
 */
export async function matchStep(tx: Tx, step: Step, filter: AddressFilter): Promise<Match[]> {
  if (step.kind === 'disconnect' || step.kind === 'settle') return []
  const epoch = await lockEpoch(tx, step.chainId)
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
