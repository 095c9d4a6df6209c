import type { Account, Holder } from '../domain/audit.ts'
import { nameOf } from './balance-sample.ts'
import type { Movements, Window } from './balance-window.ts'

/**
 * What an account says has moved the addresses of these windows. What the issuer destroyed leaves a balance without a
 * transfer, and is announced.
 */
export function movementsOf(
  windows: readonly Pick<Window, 'holder'>[],
  { transfers, notices }: Pick<Account, 'transfers' | 'notices'>,
): ReadonlyMap<string, Movements> {
  const movements = new Map(
    windows.map(({ holder }) => [nameOf(holder), new Map<number, bigint>()]),
  )
  const move = (holder: Holder, height: number, amount: bigint): void => {
    const moved = movements.get(nameOf(holder))
    moved?.set(height, (moved.get(height) ?? 0n) + amount)
  }
  for (const { rail, height, from, to, amount } of transfers) {
    move({ rail, address: from }, height, -amount)
    move({ rail, address: to }, height, amount)
  }
  for (const { what, rail, height, address, value } of notices) {
    if (what === 'destroyed' && address !== null && value !== null) {
      move({ rail, address }, height, -value)
    }
  }
  return movements
}
