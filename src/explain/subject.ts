import type { Address, Codec } from '../domain/chain.ts'
import { AppError } from '../domain/error.ts'
import type { Hex } from '../lib/hex.ts'

/** What somebody asks about, with the chains on which it can be that. */
export type Subject<C> =
  | { readonly kind: 'deposit'; readonly id: string }
  | { readonly kind: 'transaction'; readonly txHash: Hex; readonly chains: readonly C[] }
  | { readonly kind: 'address'; readonly readings: readonly Reading<C>[] }

/** The same text may be another address on another chain. */
export interface Reading<C> {
  readonly chain: C
  readonly address: Address
}

const DEPOSIT_ID = /^dep_[0-9a-z]{1,60}$/
/** Hashes are longer than any family's addresses. */
const ADDRESS_LENGTH_MAX = 60
const SHOWN_MAX = 80
const HASH_DIGITS = 64

/** In whatever form any of the chains gives it. */
export function readSubject<C extends { readonly codec: Codec }>(
  text: string,
  chains: readonly C[],
): Subject<C> {
  if (DEPOSIT_ID.test(text)) return { kind: 'deposit', id: text }
  const reasons = new Set<string>()
  const isHash = text.length > ADDRESS_LENGTH_MAX
  const readings = chains.flatMap((chain) => {
    try {
      const { codec } = chain
      return { chain, value: isHash ? codec.parseHash(text) : codec.parseAddress(text) }
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      reasons.add(error.message)
      return []
    }
  })
  const [first] = readings
  if (first === undefined) throw unreadable(text, [...reasons])
  if (!isHash) {
    return {
      kind: 'address',
      readings: readings.map(({ chain, value }) => ({ chain, address: value })),
    }
  }
  return { kind: 'transaction', txHash: first.value, chains: readings.map(({ chain }) => chain) }
}

function unreadable(text: string, reasons: readonly string[]): AppError {
  const shown = text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`
  const why =
    reasons.length === 0
      ? 'no chain is known here yet: set SETTLED_CHAINS as the daemon has it'
      : reasons.join('; ')
  return new AppError(
    'invalid_request',
    `subject: "${shown}" is no transaction hash, address or deposit id of a chain that is known here; ` +
      `give a transaction hash (${HASH_DIGITS} hex digits${cutOff(text)}), an address or a deposit id (dep_…): ${why}`,
  )
}

/** A hash comes to this mostly by a copy that missed its end. */
function cutOff(text: string): string {
  const [, digits] = /^(?:0x)?([0-9a-f]+)$/i.exec(text) ?? []
  return digits === undefined ? '' : `; this has ${digits.length}`
}
