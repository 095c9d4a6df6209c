import type { Address } from '../../domain/chain.ts'
import { sha256 } from './sha256.ts'
import type { TronWebModule } from './tronweb.ts'

/** As TRON's HTTP API prints an address: 41 and the twenty bytes, without 0x. */
export function tronHex(address: Address): string {
  return `41${address.slice(2)}`
}

/** Whatever a client may send: 41-prefixed hex or base58; null for anything else. */
export function readAddress(tron: TronWebModule, text: unknown): Address | null {
  if (typeof text !== 'string' || !tron.TronWeb.isAddress(text)) return null
  return `0x${tron.utils.address.toHex(text).slice(2)}`
}

/** An address nobody has a key for, the same on every devnet. */
export function namedAddress(name: string): Address {
  return `0x${sha256(Buffer.from(`settled devnet ${name}`))
    .toString('hex')
    .slice(0, 40)}`
}
