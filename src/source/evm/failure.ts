/**
 * Why a provider's answer cannot be used.
 *
 * - `unreachable`, `timeout`: no complete answer.
 * - `throttled`: it asks for patience, perhaps for a stated time.
 * - `too_large`: the answer would be, or is, beyond a limit: ask for less.
 * - `unknown_block`: it does not have the block (yet, or any longer).
 * - `unauthorized`: the URL's key is wrong or used up; a person has to act.
 * - `refused`: any other error of its own.
 * - `garbled`: not the JSON-RPC that was asked for.
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

export class RpcFailure extends Error {
  override readonly name = 'RpcFailure'
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
  throw new RpcFailure('contradiction', what, { evidence: Object.fromEntries(shown) })
}

const EVIDENCE_LENGTH_MAX = 200

/** What a provider sends may be megabytes, and evidence is logged. */
function shorten(value: unknown): unknown {
  if (typeof value === 'number') return value
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'missing')
  return text.slice(0, EVIDENCE_LENGTH_MAX)
}

export function isFailure(error: unknown, kind: FailureKind): error is RpcFailure {
  return error instanceof RpcFailure && error.kind === kind
}

/** Seen at Alchemy, Ankr, dRPC, Infura, QuickNode, Erigon, Geth, Nethermind and Reth; all mean "ask for less". */
const TOO_LARGE = [
  /more than \d[\d,]* (?:results|logs|blocks)/i,
  /too many (?:results|logs|blocks)/i,
  /(?:response|result|query) (?:size|set|timeout)/i,
  /(?:block|blocks|query) range/i,
  /range (?:is )?(?:too|exceed|limit)/i,
  /limited to .*range/i,
  /at most \d[\d,]* (?:results|logs|blocks)/i,
  /exceeds? (?:the )?max(?:imum)? (?:results|logs|blocks|response)/i,
]
const UNKNOWN_BLOCK =
  /unknown block|(?:block|header)s?(?: by hash)? (?:is )?not (?:be )?found|missing header|outofrange/i
const THROTTLED =
  /rate.?limit|too many requests|limit exceeded|request (?:count|limit)|capacity|quota|credits/i

/** EIP-1474 "limit exceeded"; Infura also answers it to a range that matches too many logs. */
const LIMIT_EXCEEDED = -32_005
/** Execution API's code for a block that the node does not have. */
const NO_SUCH_BLOCK = -39_001

/** What an error object means. The words matter more than the code, on which providers do not agree. */
export function classifyError(code: number, message: string, method: string): FailureKind {
  if (method === 'eth_getLogs' && TOO_LARGE.some((pattern) => pattern.test(message))) {
    return 'too_large'
  }
  if (code === NO_SUCH_BLOCK || UNKNOWN_BLOCK.test(message)) return 'unknown_block'
  if (code === 429 || code === LIMIT_EXCEEDED || THROTTLED.test(message)) return 'throttled'
  return 'refused'
}

/** What an HTTP status means when the body says nothing better. */
export function classifyStatus(status: number): FailureKind {
  if (status === 429) return 'throttled'
  if (status === 413) return 'too_large'
  if (status === 401 || status === 402 || status === 403) return 'unauthorized'
  return status >= 500 ? 'unreachable' : 'refused'
}
