import type { Match } from '../domain/match.ts'
import type { Transfer } from '../domain/transfer.ts'
import type { DepositAddress } from './address-store.ts'

/** Why blocks are being searched: as they connect, or again for addresses that came late. */
export type Search = 'connect' | 'revisit'

/** A transfer, and which of the equal transfers within its transaction it is. */
export interface Numbered {
  readonly transfer: Transfer
  readonly ordinal: number
}

/**
 * Numbers transfers that one transaction makes several times alike (same token, recipient and amount), in the
 * order of their logs. Only the order within the transaction counts: it survives re-mining, block-wide log
 * indexes do not. `transfers` must hold all of a transaction's transfers to a recipient, or none.
 */
export function numberEqualTransfers(transfers: readonly Transfer[]): Numbered[] {
  const counts = new Map<string, number>()
  return transfers
    .toSorted((a, b) => a.height - b.height || a.logIndex - b.logIndex)
    .map((transfer) => {
      const key = `${transfer.txHash} ${transfer.rail} ${transfer.to} ${transfer.amount}`
      const ordinal = counts.get(key) ?? 0
      counts.set(key, ordinal + 1)
      return { transfer, ordinal }
    })
}

/**
 * Which transfers are deposits to which registered addresses. Several environments may watch the same address;
 * each gets a match of its own.
 */
export function matchTransfers(
  numbered: readonly Numbered[],
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
