/**
 * Why a provider's answer cannot be used.
 *
 * - `unreachable`, `timeout`: no complete answer.
 * - `throttled`: it asks for patience, perhaps for a stated time.
 * - `too_large`: the answer would be, or is, beyond a limit: ask for less.
 * - `unknown_block`: it does not have the block (yet, or any longer).
 * - `unauthorized`: the URL's key is wrong or used up; a person has to act.
 * - `refused`: any other error of its own.
 * - `garbled`: not in the form that was asked for.
 * - `contradiction`: well-formed, and impossible.
 * - `stale`: its head stands still while another provider's moves on.
 * - `wrong_chain`: it serves another chain.
 */
export type FailureKind =
  | 'unreachable'
  | 'timeout'
  | 'throttled'
  | 'too_large'
  | 'unknown_block'
  | 'unauthorized'
  | 'refused'
  | 'garbled'
  | 'contradiction'
  | 'stale'
  | 'wrong_chain'

export interface FailureOptions extends ErrorOptions {
  readonly retryAfterMs?: number | null
  readonly evidence?: object
}

export class ProviderFailure extends Error {
  override readonly name = 'ProviderFailure'
  readonly kind: FailureKind
  readonly retryAfterMs: number | null
  readonly evidence: object

  constructor(kind: FailureKind, message: string, options: FailureOptions = {}) {
    super(message, options)
    this.kind = kind
    this.retryAfterMs = options.retryAfterMs ?? null
    this.evidence = options.evidence ?? {}
  }
}

export function contradict(what: string, evidence: Record<string, unknown> = {}): never {
  const shown = Object.entries(evidence).map(([name, value]) => [name, shorten(value)])
  throw new ProviderFailure('contradiction', what, { evidence: Object.fromEntries(shown) })
}

const EVIDENCE_LENGTH_MAX = 200

/** What a provider sends may be megabytes, and evidence is logged. */
function shorten(value: unknown): unknown {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return value.toString()
  const text = typeof value === 'string' ? value : writeOut(value)
  return text.slice(0, EVIDENCE_LENGTH_MAX)
}

/** Lists in lists are parsed at any depth, but not written. */
function writeOut(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'missing'
  } catch {
    return 'nested too deep to be shown'
  }
}

export function isFailure(error: unknown, kind: FailureKind): error is ProviderFailure {
  return error instanceof ProviderFailure && error.kind === kind
}
