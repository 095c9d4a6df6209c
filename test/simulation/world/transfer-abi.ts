import { keccak256, stringToHex } from 'viem/utils'
import type { Hex } from '../../../src/lib/hex.ts'
import type { SimLog } from './transaction.ts'

/** How contracts write a transfer into a log, on every chain that runs their bytecode. */
export const TRANSFER_TOPIC = keccak256(stringToHex('Transfer(address,address,uint256)'))
const PADDING = '0x000000000000000000000000'

export function topicsOf({ from, to, shape }: SimLog): Hex[] {
  const topics = [TRANSFER_TOPIC, pad(from), pad(to)]
  if (shape === 'four_topics') return [...topics, `0x${'00'.repeat(31)}01`]
  if (shape === 'dirty_padding') return [TRANSFER_TOPIC, pad(from), `0x01${pad(to).slice(4)}`]
  return topics
}

export function dataOf({ amount, shape }: SimLog): Hex {
  const more = shape === 'long_data' ? '00'.repeat(32) : ''
  return `${toWord(amount)}${more}`
}

/** 32 bytes, as a contract's function takes and gives them. */
export function toWord(amount: bigint): Hex {
  return `0x${amount.toString(16).padStart(64, '0')}`
}

function pad(address: Hex): Hex {
  return `${PADDING}${address.slice(2)}`
}
