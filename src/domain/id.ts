import { createHash } from 'node:crypto'
import type { Hex } from '../lib/hex.ts'
import type { Random } from '../lib/random.ts'
import type { Address, ChainId } from './chain.ts'
import type { DepositId } from './deposit.ts'
import type { EventId, EventType } from './event.ts'
import type { FindingId, FindingKind } from './finding.ts'

/** 32 letters and digits without look-alikes (Crockford's base 32), lower case. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

export interface DepositFacts {
  readonly environment: string
  readonly chainId: ChainId
  readonly txHash: Hex
  readonly contract: Address
  readonly recipient: Address
  readonly amount: bigint
  readonly ordinal: number
}

/**
 * The same facts give the same id in any database, so a rebuild from the chain yields the ids consumers know.
 * The environment is one of the facts because two environments may watch one address; the block and the
 * block-wide log index are not, because re-mining changes them.
 */
export function depositId(facts: DepositFacts): DepositId {
  const { environment, chainId, txHash, contract, recipient, amount, ordinal } = facts
  return `dep_${digest(['deposit', environment, chainId, txHash, contract, recipient, `${amount}`, `${ordinal}`])}`
}

export interface EventFacts {
  readonly depositId: DepositId
  readonly type: EventType
  readonly blockHash: Hex
  /** How many times this deposit had this type of event in this block before: above 0 only after A→B→A. */
  readonly recurrence: number
}

export function eventId(facts: EventFacts): EventId {
  return `evt_${digest(['event', facts.depositId, facts.type, facts.blockHash, `${facts.recurrence}`])}`
}

export interface FindingFacts {
  readonly kind: FindingKind
  readonly chainId: ChainId
  /** What tells it from other findings of its kind on its chain. */
  readonly subject: readonly (string | number)[]
}

/** The same difference has the same id however often it is seen. */
export function findingId({ kind, chainId, subject }: FindingFacts): FindingId {
  return `fnd_${digest(['finding', kind, chainId, ...subject.map(String)])}`
}

/** A random id for what people create (endpoints, keys): `<prefix>_` and 26 characters, 130 bits. */
export function randomId(prefix: string, random: Random): string {
  return `${prefix}_${base32(random.bytes(17)).slice(0, 26)}`
}

/** 130 bits of SHA-256 over unambiguous parts: each is length-prefixed, so no two lists collide by joining. */
function digest(parts: readonly string[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:${part}`)
  return base32(hash.digest()).slice(0, 26)
}

function base32(bytes: Uint8Array): string {
  let text = ''
  let pending = 0
  let bits = 0
  for (const byte of bytes) {
    pending = (pending << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET[(pending >> bits) & 31]
    }
    pending &= (1 << bits) - 1
  }
  return text
}
