import type { Chain } from '../domain/chain.ts'
import { chainPrefix, FAMILY_VARIABLES, PROVIDER_ENDINGS } from './family-variables.ts'
import type { Variables } from './variables.ts'

/**
 * Reports what is set and was not read: a slip of the finger in an optional variable would otherwise pass for
 * its default. Variables of chains that are not watched at the moment may stay where they are.
 */
export function reportUnread(
  variables: Variables,
  watched: readonly Chain[],
  slugs: readonly string[],
): void {
  for (const { name, value } of variables.unread('SETTLED_')) {
    const [slug] = slugs
      .filter((candidate) => name.startsWith(`${chainPrefix(candidate)}_`))
      .toSorted((a, b) => b.length - a.length)
    const chain = watched.find((candidate) => candidate.slug === slug)
    const waits = slug !== undefined && chain === undefined
    if (waits || isServiceLink(name, value)) continue
    const known = variables.known('SETTLED_')
    const problem = chain === undefined ? null : problemOfChain(name, chain, known)
    variables.problem(
      name,
      problem ?? `is no variable of settled; the nearest is ${nearest(name, known)}`,
    )
  }
}

/**
 * What Kubernetes puts into every container of a namespace in which a service's name begins with `settled`:
 * nobody typed it, so nobody mistyped it.
 */
function isServiceLink(name: string, value: string): boolean {
  if (/_SERVICE_(?:HOST|PORT)(?:_|$)|_PORT_\d+_(?:TCP|UDP|SCTP)/.test(name)) return true
  return name.endsWith('_PORT') && /^(?:tcp|udp|sctp):\/\//.test(value)
}

/** What is right on another family or for another provider; null when it is neither. */
function problemOfChain(name: string, chain: Chain, known: readonly string[]): string | null {
  const { slug, family } = chain
  const { websocket, provider } = FAMILY_VARIABLES[family]
  const prefix = `${chainPrefix(slug)}_`
  if (name === `${prefix}WS_URL` && !websocket)
    return `is not read: no websocket hints at blocks of the family ${family}; leave it out`
  const ending = PROVIDER_ENDINGS.find((it) => name.endsWith(`_${it}`))
  if (ending === undefined) return null
  if (!provider.includes(ending))
    return `is not read: a provider of the family ${family} is told nothing but its RPC URL`
  const possible = known.filter((it) => it.startsWith(prefix) && it.endsWith(`_${ending}`))
  return `belongs to no provider of ${prefix}RPC_URLS; theirs are ${possible.join(', ') || 'none'}`
}

function nearest(name: string, known: readonly string[]): string | undefined {
  const byDistance = known.map((candidate) => ({ candidate, slips: slipsBetween(name, candidate) }))
  return byDistance.toSorted((a, b) => a.slips - b.slips)[0]?.candidate
}

/** How many characters have to be added, left out or replaced (Levenshtein), row by row. */
function slipsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let index = 0; index < from.length; index += 1) {
    const next = [index + 1]
    for (let column = 0; column < to.length; column += 1) {
      const replaced = (row[column] ?? 0) + (from[index] === to[column] ? 0 : 1)
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
