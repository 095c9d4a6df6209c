import { getAddress } from 'viem/utils'
import type { Address, Codec } from '../../domain/chain.ts'
import { AppError } from '../../domain/error.ts'
import { isHex, type Hex } from '../../lib/hex.ts'

const ADDRESS = /^0x[0-9a-fA-F]{40}$/
const HASH = /^0x[0-9a-fA-F]{64}$/

export const evmCodec: Codec = {
  parseAddress,
  formatAddress: (address) => getAddress(address),
  parseHash,
  formatHash: (hash) => hash,
}

/**
 * An address in one case carries no checksum and is taken as it is; in mixed case it must be the very spelling
 * of EIP-55, because a typing error is what that spelling exists to catch.
 */
function parseAddress(text: string): Address {
  if (!ADDRESS.test(text)) {
    throw new AppError('invalid_address', `"${shorten(text)}" is not 0x and 40 hexadecimal digits`)
  }
  const digits = text.slice(2)
  const lower = digits.toLowerCase()
  const address: Address = `0x${lower}`
  const hasOneCase = digits === lower || digits === digits.toUpperCase()
  const right = getAddress(address)
  if (!hasOneCase && right !== text) {
    const remedy = `copy it again from its origin; if every digit is right, it is written ${right}`
    throw new AppError('invalid_address', `"${text}" fails its checksum (EIP-55): ${remedy}`)
  }
  return address
}

function parseHash(text: string): Hex {
  const lower = text.toLowerCase()
  if (!HASH.test(text) || !isHex(lower)) {
    throw new AppError('invalid_request', `"${shorten(text)}" is not 0x and 64 hexadecimal digits`)
  }
  return lower
}

/** Enough to recognise, too little to fill a log. */
function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`
}
