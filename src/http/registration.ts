import type { ChainId, RailId } from '../domain/chain.ts'
import { AppError } from '../domain/error.ts'
import type { AddressEntry } from '../match/address-store.ts'
import type { RailBook } from './rail-book.ts'

export interface RequestedAddress {
  readonly rail: RailId
  readonly address: string
  readonly owner: string
  readonly watch_from?: number | null | undefined
}

export interface CheckedEntry {
  readonly chainId: ChainId
  readonly entry: AddressEntry
}

/** Everything that can be known to be wrong before the database is asked to write. */
export function checkEntry(
  requested: RequestedAddress,
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
      `rail: "${requested.rail}" is not enabled for this environment; enable it with "settled env"`,
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
