import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { Random } from '../lib/random.ts'

const PREFIX = 'whsec_'
/** Standard Webhooks asks for 24 to 64 bytes. */
const SECRET_BYTES = 32

export interface Message {
  /** The event id: the same for every attempt, so that a receiver can drop repeats. */
  readonly id: string
  /** When this attempt was made, in Unix seconds: a receiver refuses what is too old. */
  readonly timestampSeconds: number
  /** The exact bytes that go over the wire; signing a re-serialised body breaks verification. */
  readonly body: string
  /** Of every secret in force, newest first. More than one while a rotation overlaps. */
  readonly keys: readonly KeyObject[]
}

export function newSecret(random: Random): string {
  return PREFIX + random.bytes(SECRET_BYTES).toString('base64')
}

/** Made once for many messages: it takes five times as long as a signature with it. */
export function signingKey(secret: string): KeyObject {
  return createSecretKey(secret.slice(PREFIX.length), 'base64')
}

/** The `webhook-signature` header of Standard Webhooks 1.0.0: one `v1` signature per key. */
export function sign({ id, timestampSeconds, body, keys }: Message): string {
  const head = `${id}.${timestampSeconds}.`
  const signature = (key: KeyObject) =>
    `v1,${createHmac('sha256', key).update(head).update(body).digest('base64')}`
  return keys.map(signature).join(' ')
}
