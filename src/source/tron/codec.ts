import { createRequire } from 'node:module'
import type { fromHex, toHex } from 'tronweb/utils'
import type { Address, Codec } from '../../domain/chain.ts'
import { AppError } from '../../domain/error.ts'
import { isHex, type Hex } from '../../lib/hex.ts'

/** The version byte of every TRON address and its twenty bytes, with or without 0x. */
const PREFIXED = /^(?:0x)?41([0-9a-fA-F]{40})$/
/** Twenty bytes without the version byte: how EVM chains and TRON's own logs write an address. */
const BARE = /^(?:0x)?[0-9a-fA-F]{40}$/
/** 21 bytes that begin with 0x41 and four of checksum are always 34 characters of which the first is T. */
const BASE58 = /^T[1-9A-HJ-NP-Za-km-z]{33}$/
const HASH = /^(?:0x)?[0-9a-fA-F]{64}$/

export const tronCodec: Codec = {
  parseAddress,
  formatAddress: (address) => tronweb().fromHex(address),
  parseHash,
  formatHash: (hash) => hash.slice(2),
}

const load = createRequire(import.meta.url)

/**
 * Loaded when the first address is read or printed, and at once: importing it takes 0.4 s and 45 MB, which a
 * daemon that watches no TRON chain must not pay. From then on the module cache answers, in half a microsecond.
 */
function tronweb(): { fromHex: typeof fromHex; toHex: typeof toHex } {
  return load('tronweb/utils') as { fromHex: typeof fromHex; toHex: typeof toHex }
}

/**
 * Twenty bytes alone are refused although TRON's logs write addresses so: they are the form of an EVM chain, on
 * which the same bytes are somebody else's account, and if they happen to begin with 41 they are the stump of a
 * prefixed one. The shape is judged here, because tronweb turns every hexadecimal text into some address.
 */
function parseAddress(text: string): Address {
  const [, digits] = PREFIXED.exec(text) ?? []
  if (digits !== undefined) return `0x${digits.toLowerCase()}`
  if (BARE.test(text)) {
    throw refusal(
      text,
      'has the form of an EVM address; on TRON give it as T… or as 41 and 40 digits',
    )
  }
  if (!BASE58.test(text)) {
    throw refusal(text, 'is no TRON address: that is T and 33 more characters, or 41 and 40 digits')
  }
  const [, checked] = PREFIXED.exec(decode(text)) ?? []
  if (checked === undefined)
    throw refusal(text, 'is base58, but of another kind than TRON addresses')
  return `0x${checked}`
}

/** The version byte and the twenty bytes, in hexadecimal, once the checksum was found right. */
function decode(text: string): string {
  try {
    return tronweb().toHex(text)
  } catch (error) {
    throw refusal(text, 'fails its checksum: copy it again from its origin', { cause: error })
  }
}

function refusal(text: string, problem: string, options?: ErrorOptions): AppError {
  return new AppError('invalid_address', `"${shorten(text)}" ${problem}`, options)
}

/** A transaction or a block; a block's begins with its height, which makes it no less a hash. */
function parseHash(text: string): Hex {
  const lower = `0x${text.toLowerCase().replace(/^0x/, '')}`
  if (!HASH.test(text) || !isHex(lower)) {
    throw new AppError('invalid_request', `"${shorten(text)}" is not 64 hexadecimal digits`)
  }
  return lower
}

/** Enough to recognise, too little to fill a log. */
function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`
}
