import { z } from 'zod'
import type { ChainId, RailId } from '../domain/chain.ts'
import { AppError } from '../domain/error.ts'
import type { AddressEntry } from '../match/address-store.ts'
import { FIELDS } from './fields.ts'
import type { RailBook } from './rail-book.ts'

/** One address, be it a request or a line of a bulk request. */
export const AddressRequest = z.strictObject({
  rail: FIELDS.rail,
  address: FIELDS.address,
  owner: FIELDS.owner,
  watch_from: FIELDS.watch_from,
})

export interface CheckedEntry {
  readonly chainId: ChainId
  readonly entry: AddressEntry
}

/** Everything that can be known to be wrong before the database is asked to write. */
export function checkEntry(
  requested: z.infer<typeof AddressRequest>,
  rails: RailBook,
  enabled: ReadonlySet<RailId>,
): CheckedEntry {
  const known = rails.find(requested.rail)
  if (known === null) {
    throw new AppError(
      'unknown_rail',
      `rail: "${requested.rail}" is not configured here; see chains/ for those that are`,
    )
  }
  if (!enabled.has(requested.rail)) {
    throw new AppError(
      'rail_not_enabled',
      `rail: "${requested.rail}" is not enabled for this environment; run "settled env enable-rail"`,
    )
  }
  const { rail } = known
  return {
    chainId: rail.chainId,
    entry: {
      rail: rail.id,
      address: rails.parseAddress(requested.address, rail.id),
      owner: requested.owner,
      watchFrom: requested.watch_from ?? null,
    },
  }
}

export function addressTaken(address: string, rail: RailId): AppError {
  return new AppError(
    'address_taken',
    `address: ${address} on ${rail} belongs to another owner; give each owner an address of their own`,
  )
}
