import type { BlockRef } from '../domain/block.ts'
import type { Codec } from '../domain/chain.ts'
import type { Sighting } from '../domain/deposit.ts'
import type { Answer } from '../domain/source.ts'
import type { TokenMovement } from '../domain/transaction.ts'

const MINUTE = 60
const HOUR = 3_600
const DAY = 86_400

/** Rounded as people say it: `40 s`, `3 min`, `5 h`, `2 days`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 2 * MINUTE) return `${whole} s`
  if (whole < 2 * HOUR) return `${Math.round(whole / MINUTE)} min`
  if (whole < 2 * DAY) return `${Math.round(whole / HOUR)} h`
  return `${Math.round(whole / DAY)} days`
}

export function secondsBetween(from: Date, to: Date): number {
  return (to.getTime() - from.getTime()) / 1_000
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

export function blockText({ height, hash }: BlockRef, codec: Codec): string {
  return `block ${height} ${codec.formatHash(hash)}`
}

export function movementText({ contract, from, to, amount }: TokenMovement, codec: Codec): string {
  const [token, sender, recipient] = [contract, from, to].map((it) => codec.formatAddress(it))
  return `${amount} base units of token ${token} from ${sender} to ${recipient}`
}

export function sightingText(sighting: Sighting, codec: Codec): string {
  const { height, blockHash, seenAt, orphanedAt } = sighting
  const fate = orphanedAt === null ? 'in our view' : `left at ${orphanedAt.toISOString()}`
  const block = blockText({ height, hash: blockHash }, codec)
  return `${block}: seen at ${seenAt.toISOString()}, ${fate}`
}

export function valueOf<T>(asked: Answer<T>): T | null {
  return 'value' in asked ? asked.value : null
}

/** As a shell reads it back: a remedy is there to be pasted. */
export function shellWord(text: string): string {
  return /^[\w.:/@+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
