import type { FailureKind } from './failure.ts'

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
