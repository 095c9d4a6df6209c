import { createHmac } from 'node:crypto'
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
  /** Every secret in force, newest first. More than one while a rotation overlaps. */
  readonly secrets: readonly string[]
}

export function newSecret(random: Random): string {
  return PREFIX + random.bytes(SECRET_BYTES).toString('base64')
}

/** The `webhook-signature` header of Standard Webhooks 1.0.0: one `v1` signature per secret. */
export function sign({ id, timestampSeconds, body, secrets }: Message): string {
  const content = `${id}.${timestampSeconds}.${body}`
  return secrets.map((secret) => `v1,${hmac(secret, content)}`).join(' ')
}

function hmac(secret: string, content: string): string {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
  return createHmac('sha256', key).update(content).digest('base64')
}
