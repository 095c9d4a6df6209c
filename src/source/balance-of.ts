import type { ChainConfig } from '../config/config.ts'
import type { Address, RailId } from '../domain/chain.ts'
import { HASH_LENGTH, isHexText } from './wire/hex-field.ts'

/** keccak256 of it begins with the four bytes that follow. */
export const BALANCE_OF = 'balanceOf(address)'
export const BALANCE_OF_SELECTOR = '70a08231'

export function contractsOf(rails: ChainConfig['rails']): ReadonlyMap<RailId, Address> {
  return new Map(rails.map(({ rail }) => [rail.id, rail.contract]))
}

/** An address as a call's argument: in 32 bytes, without `0x`. */
export function asArgument(address: Address): string {
  return address.slice(2).padStart(64, '0')
}

/** What a call gave back; null where that is no amount: no contract is there, or it is another one. */
export function readAmount(value: unknown): bigint | null {
  return isHexText(value, HASH_LENGTH) ? BigInt(value) : null
}
