import type { Codec, Rail } from './chain.ts'
import { AppError } from './error.ts'

/** A CAIP-2 id, or what a CAIP-19 id begins with, whose reference is a number written in hexadecimal. */
const HEXADECIMAL = /^([-a-z0-9]{3,8}):0x([0-9a-fA-F]{1,32})(?=$|\/)/

/**
 * A CAIP-2 or CAIP-19 id in the one spelling that is stored and printed. Where the reference is a number it is
 * decimal; TRON's used to be hexadecimal, and people and clients still send `tron:0x2b6653dc` for
 * `tron:728126428`. References that are hashes or names carry no `0x`, so none of them is taken for a number.
 */
export function canonicalId(text: string): string {
  return text.replace(
    HEXADECIMAL,
    (_, namespace: string, digits: string) => `${namespace}:${BigInt(`0x${digits}`)}`,
  )
}

/** The public id and the address that is watched come from two lines of one file: they must say the same. */
export function assertOneContract({ id, assetId, contract }: Rail, codec: Codec): void {
  const reference = assetId.slice(assetId.lastIndexOf(':') + 1)
  if (addressIn(codec, reference) === contract) return
  const problem = `asset_id and contract name two contracts: ${reference} and ${codec.formatAddress(contract)}`
  throw new AppError('misconfigured', `${id}: ${problem}`)
}

function addressIn(codec: Codec, reference: string): string | null {
  try {
    return codec.parseAddress(reference)
  } catch (error) {
    if (error instanceof AppError) return null
    throw error
  }
}
