import type { Transfer } from '../domain/transfer.ts'
import type { Hex } from '../lib/hex.ts'
import { HASH_LENGTH, readBytes, readHash } from './wire/hex-field.ts'

/** keccak256 of `Transfer(address,address,uint256)`; TRON's tokens log the same. */
export const TRANSFER_TOPIC: Hex =
  '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'

/** Twelve zero bytes stand before an address in a topic, or in another word. */
export const PADDING = '0x000000000000000000000000'

/** What a token's log says has moved. */
export type Movement = Pick<Transfer, 'from' | 'to' | 'amount'>

/**
 * Null for a well-formed log of another shape: an NFT's transfer under the same topic, dirty padding, data of
 * another length. A log that is not well-formed fails the whole answer instead: skipping it might hide money.
 */
export function readMovement(topics: readonly unknown[], rawData: unknown): Movement | null {
  const data = readBytes(rawData, 'data')
  if (topics.length < 3) return null
  const from = readHash(topics[1], 'topics[1]')
  const to = readHash(topics[2], 'topics[2]')
  if (!from.startsWith(PADDING) || !to.startsWith(PADDING)) return null
  if (topics.length !== 3 || data.length !== HASH_LENGTH) return null
  return {
    from: `0x${from.slice(PADDING.length)}`,
    to: `0x${to.slice(PADDING.length)}`,
    amount: BigInt(data),
  }
}
