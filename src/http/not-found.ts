import type { FastifyReply, FastifyRequest } from 'fastify'
import { problem, sendProblem } from './problem.ts'

/** Tells "no such path" from "not with this method", which Fastify's router does not. */
export class RouteMap {
  readonly #methods = new Map<string, Set<string>>()

  add(route: { method: string | string[]; url: string }): void {
    const known = this.#methods.get(route.url) ?? new Set()
    for (const method of [route.method].flat()) known.add(method)
    this.#methods.set(route.url, known)
  }

  /** Methods under which this path exists; empty when it does not. */
  methodsOf(url: string): string[] {
    const path = (url.split('?', 1)[0] ?? '').split('/')
    const matching = [...this.#methods].filter(([pattern]) => matches(pattern.split('/'), path))
    return [...new Set(matching.flatMap(([, methods]) => [...methods]))].toSorted()
  }
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  if (pattern.length !== path.length) return false
  return pattern.every((part, index) => part.startsWith(':') || part === path[index])
}

export function notFoundHandler(routes: RouteMap) {
  return (request: FastifyRequest, reply: FastifyReply): void => {
    const methods = routes.methodsOf(request.url)
    if (methods.length === 0) {
      sendProblem(reply, problem('not_found', 'there is no such path; see /openapi.json'))
      return
    }
    const allow = methods.join(', ')
    const detail = `${request.method} is not possible here; use ${allow}`
    sendProblem(reply.header('allow', allow), problem('method_not_allowed', detail))
  }
}
