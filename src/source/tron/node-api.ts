import type { SourceDeps } from '../adapter.ts'
import { Exchange, PLAIN_LIMITS, type Link } from '../wire/exchange.ts'
import { ProviderFailure } from '../wire/failure.ts'
import type { HttpAnswer, HttpLimits } from '../wire/http.ts'
import type { Caller } from '../wire/rpc-client.ts'
import { judgeError, judgeText } from './tron-status.ts'

/** `/wallet/…` is the head's view of a node, `/walletsolidity/…` what is solid. */
export type NodePath = `/wallet/${string}` | `/walletsolidity/${string}`

/**
 * One of a node's HTTP APIs. Nearly everything comes with status 200: errors, web pages of a balancer, and `{}`
 * for what is not there. So an answer counts as one only after all of these have been ruled out; what an empty
 * one means is for the caller to say.
 */
export class NodeApi {
  readonly #caller: Caller
  readonly #deps: SourceDeps
  readonly #exchange: Exchange

  constructor(caller: Caller, link: Link, deps: SourceDeps) {
    this.#caller = caller
    this.#deps = deps
    this.#exchange = new Exchange(link, deps)
  }

  /** The answer as it came, parsed: an object or a list. Nothing is retried here. */
  async ask(path: NodePath, question: object, limits: HttpLimits = PLAIN_LIMITS): Promise<object> {
    const startedMs = this.#deps.env.clock.monotonicMs()
    const report = (outcome: { outcome: string; error?: string }): void => {
      const durationMs = this.#deps.env.clock.monotonicMs() - startedMs
      this.#deps.report.rpc({ ...this.#caller, method: path, durationMs, ...outcome })
    }
    try {
      const answer = await this.#exchange.post(JSON.stringify(question), limits, path)
      const parsed = readAnswer(answer, path)
      report({ outcome: 'ok' })
      return parsed
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error
      const failure = this.#exchange.noted(error)
      report({ outcome: failure.kind, error: failure.message })
      throw failure
    }
  }
}

function readAnswer(answer: HttpAnswer, path: NodePath): object {
  let parsed: unknown
  try {
    parsed = JSON.parse(answer.body)
  } catch {
    throw judgeText(answer, path)
  }
  if (typeof parsed !== 'object' || parsed === null) throw judgeText(answer, path)
  const message = errorOf(parsed)
  if (message !== null) throw judgeError(message, answer.status, path)
  if (answer.status !== 200) throw judgeText(answer, path)
  return parsed
}

/** `{"Error": …}` is the node's way, `{"success": false, "error": …}` that of the API in front of it. */
function errorOf(answer: object): string | null {
  if ('Error' in answer) return wordsOf(answer.Error)
  if ('success' in answer && answer.success === false) {
    return 'error' in answer ? wordsOf(answer.error) : 'refused without a reason'
  }
  return null
}

function wordsOf(error: unknown): string {
  return typeof error === 'string' ? error : 'refused in no words'
}
