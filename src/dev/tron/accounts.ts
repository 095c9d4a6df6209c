import type { Address } from '../../domain/chain.ts'
import { required } from '../../lib/assert.ts'
import { sha256 } from './sha256.ts'
import type { TronWebModule } from './tronweb.ts'

export const ACCOUNTS = 10
/** As many super representatives as the real network has. */
export const WITNESSES = 27

export interface KeyPair {
  readonly privateKey: string
  readonly address: Address
}

/**
 * The key of a funded account: published, derived from a sentence, and worthless. Never send it anything on a
 * chain where anything has a value.
 */
export function devAccount(tron: TronWebModule, index: number): KeyPair {
  if (index >= ACCOUNTS) throw new Error(`the devnet has ${ACCOUNTS} accounts, not ${index + 1}`)
  return keyPair(tron, `settled devnet account ${index}`)
}

export function devAccounts(tron: TronWebModule): KeyPair[] {
  return Array.from({ length: ACCOUNTS }, (_, index) => devAccount(tron, index))
}

export function devWitnesses(tron: TronWebModule): KeyPair[] {
  return Array.from({ length: WITNESSES }, (_, index) =>
    keyPair(tron, `settled devnet witness ${index}`),
  )
}

function keyPair({ utils }: TronWebModule, sentence: string): KeyPair {
  const privateKey = sha256(Buffer.from(sentence)).toString('hex')
  const base58 = required(
    utils.address.fromPrivateKey(privateKey) || null,
    `${sentence} gives a valid key`,
  )
  return { privateKey, address: `0x${utils.address.toHex(base58).slice(2)}` }
}
