import type { TokenMovement } from '../domain/transaction.ts'
import type { Hex } from '../lib/hex.ts'
import { readMovement, TRANSFER_TOPIC } from './movement.ts'

/** A log whose fields have been found to be what they are called. */
export interface ReadLog {
  readonly address: Hex
  readonly topics: readonly unknown[]
  readonly data: unknown
}

/** Everything that moved by these logs, of whatever token. What merely looks like a transfer moved nothing. */
export function tokenMovements(logs: readonly ReadLog[]): TokenMovement[] {
  return logs.flatMap(({ address: contract, topics, data }) => {
    if (topics[0] !== TRANSFER_TOPIC) return []
    const moved = readMovement(topics, data)
    return moved === null || moved.amount === 0n ? [] : { contract, ...moved }
  })
}
