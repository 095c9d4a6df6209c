import type { Match } from '../domain/match.ts'
import type { NumberedTransfer, Transfer } from '../domain/transfer.ts'
import type { DepositAddress } from './address-store.ts'

/** Why blocks are being searched: as they connect, or again for addresses that came late. */
export type Search = 'connect' | 'revisit'

/**
 * Which transfers are deposits to which registered addresses. Several environments may watch the same address;
 * each gets a match of its own.
 */
export function matchTransfers(
  numbered: readonly NumberedTransfer[],
  addresses: readonly DepositAddress[],
  search: Search,
): Match[] {
  const byKey = Map.groupBy(addresses, (address) => `${address.rail} ${address.address}`)
  return numbered.flatMap(({ transfer, ordinal }) => {
    if (!isInbound(transfer)) return []
    const watchers = byKey.get(`${transfer.rail} ${transfer.to}`) ?? []
    return watchers
      .filter((address) => isWatchedAt(address, transfer.height, search))
      .map((address) => ({
        environment: address.environment,
        chainId: address.chainId,
        addressId: address.id,
        owner: address.owner,
        transfer,
        ordinal,
      }))
  })
}

/** An address that pays itself receives nothing. */
function isInbound(transfer: Transfer): boolean {
  return transfer.from !== transfer.to
}

/**
 * A connecting block is newer than every registration its transaction can see, or replaces one that was below the
 * tip then: it always counts. `watch_from` only widens: a revisit reads blocks from before, of which it counts
 * those an address asked for, or that are above the tip at its registration.
 */
function isWatchedAt(address: DepositAddress, height: number, search: Search): boolean {
  if (search === 'connect') return true
  return height >= Math.min(address.watchFrom ?? Infinity, address.registeredHeight + 1)
}
