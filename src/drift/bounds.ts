import type { TokenNotice } from '../domain/audit.ts'
import type { Difference, FindingId, FindingKind } from '../domain/finding.ts'

/**
 * Findings that one look leaves standing of what it saw. A provider can make up as many differences as its answer
 * holds, a hundred thousand of them; a person reads some hundred, and each is three statements in the transaction
 * for which the chain waits. How many more there are one finding for each block says.
 */
const FINDINGS_MAX = 200
/** Announcements that one look takes. Tokens make some dozen in a day, and a look is at a few minutes of it. */
const NOTICES_MAX = 200

/**
 * Written whatever their number. A missed deposit heals with its finding, and there are no more of them than there
 * are payments: what one provider makes up is none. Of the other there is one.
 */
const UNCOUNTED: ReadonlySet<FindingKind> = new Set(['deposit_missing', 'notices_cut'])

export interface Bounded<T> {
  readonly taken: readonly T[]
  readonly left: readonly T[]
}

/** What is on record comes first: so what is left is the same at each look, and nothing is written in its place. */
export function boundFindings(
  differences: readonly Difference[],
  known: { readonly standing: ReadonlySet<FindingId>; readonly closed: ReadonlySet<FindingId> },
): Bounded<Difference> {
  const counted = differences.filter(({ kind }) => !UNCOUNTED.has(kind))
  const fresh = counted.filter(({ id }) => !known.standing.has(id) && !known.closed.has(id))
  const standing = counted.filter(({ id }) => known.standing.has(id))
  const left = new Set(fresh.slice(Math.max(0, FINDINGS_MAX - standing.length)))
  return { taken: differences.filter((one) => !left.has(one)), left: [...left] }
}

/**
 * Deprecations before other alarms, since they hold a rail; and where an alarm had to be left, nothing is taken back:
 * it could have come after.
 */
export function boundNotices(notices: readonly TokenNotice[]): Bounded<TokenNotice> {
  const inOrder = notices.toSorted((a, b) => a.height - b.height || a.logIndex - b.logIndex)
  const alarms = inOrder
    .filter((notice) => !takesBack(notice))
    .toSorted((a, b) => Number(b.what === 'deprecated') - Number(a.what === 'deprecated'))
  const backs = alarms.length > NOTICES_MAX ? [] : inOrder.filter(takesBack).slice(0, NOTICES_MAX)
  const taken = new Set([...alarms.slice(0, NOTICES_MAX), ...backs])
  return {
    taken: inOrder.filter((notice) => taken.has(notice)),
    left: inOrder.filter((notice) => !taken.has(notice)),
  }
}

function takesBack({ what }: TokenNotice): boolean {
  return what === 'unpaused' || what === 'unblacklisted'
}
