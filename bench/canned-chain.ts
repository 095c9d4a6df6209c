import { createHash } from 'node:crypto'
import type { Address } from '../src/domain/chain.ts'
import type { Hex } from '../src/lib/hex.ts'

/** Facts that the canned node, the registered addresses and the floors have to agree upon. */
export const REGISTERED = 10_000
/** Every so many transfers go to a registered address: 1 %. */
export const MATCH_EVERY = 100
export const AMOUNT = 25_000_000n

/** As SQL makes them too: `substring(sha256(('address ' || n)::bytea) for 20)`. */
export function registeredAddress(n: number): Address {
  return `0x${digest(`address ${n}`).slice(0, 40)}`
}

export function strangerAddress(n: number): Address {
  return `0x${digest(`stranger ${n}`).slice(0, 40)}`
}

export function blockHash(height: number): Hex {
  return `0x${digest(`block ${height}`)}`
}

export function transactionHash(n: number): Hex {
  return `0x${digest(`transaction ${n}`)}`
}

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
