import type { Address } from '../../../domain/chain.ts'
import type { Hex } from '../../../lib/hex.ts'
import { readAddress } from '../address.ts'
import type { TronWebModule } from '../tronweb.ts'
import type { Window } from '../view.ts'
import type { InfoOptions } from './info-json.ts'

/** Everything one API of one node answers from. */
export interface ReadContext extends InfoOptions {
  readonly tron: TronWebModule
  readonly window: Window
  readonly now: number
}

/** What java-tron answers with status 200 when it dislikes a request. */
export class ApiError extends Error {
  override readonly name = 'ApiError'

  constructor(javaClass: string, message: string) {
    super(`class ${javaClass} : ${message}`)
  }
}

export type Fields = Readonly<Record<string, unknown>>

/** Text, or a number that came where text is due; anything else is as good as nothing. */
export function textIn(fields: Fields, name: string): string {
  return textOf(fields[name])
}

export function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** A whole number; in a query it is text. One that is absent is 0, as in protobuf. */
export function numberIn(fields: Fields, name: string): number {
  const value = fields[name] ?? 0
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number
  throw new ApiError('java.lang.NumberFormatException', `For input string: "${textOf(value)}"`)
}

export function hashIn(fields: Fields): Hex {
  return `0x${textIn(fields, 'value').toLowerCase()}`
}

export function addressIn(tron: TronWebModule, fields: Fields, name: string): Address {
  const address = readAddress(tron, fields[name])
  if (address !== null) return address
  throw new ApiError('java.lang.IllegalArgumentException', `INVALID ${name}`)
}

/** Not given at all, or given as anything but true: no. */
export function flagIn(fields: Fields, name: string): boolean {
  return fields[name] === true || fields[name] === 'true'
}
