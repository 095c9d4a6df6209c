import type { TokenNotice } from '../domain/audit.ts'
import type { Difference, FindingId, FindingKind } from '../domain/finding.ts'

/**
 * Findings that one look leaves standing of what it saw. A provider can make up as many differences as its answer
 * holds, a hundred thousand of them; a person reads some hundred, and each is three statements in the transaction
 * for which the chain waits. How many more there are one finding for each block says.
 */
const FINDINGS_MAX = 200
/** Differences that one look asks everybody about: more than are written down, since a missed deposit is among them. */
const JUDGED_MAX = 1_000
/** Announcements that one look takes. Tokens make some dozen in a day, and a look is at a few minutes of it. */
const NOTICES_MAX = 200

/**
 * Written whatever their number. A missed deposit heals with its finding, and there are no more of them than there
 * are payments: what one provider makes up is none. Of the other there is one.
 */
const UNCOUNTED: ReadonlySet<FindingKind> = new Set(['deposit_missing', 'notices_cut'])

/** Differences that reading the same blocks again from the same provider shows to be gone, or still there. */
export const REREAD_KINDS: readonly FindingKind[] = [
  'deposit_missing',
  'transfer_disputed',
  'provider_invents',
  'deposit_extra',
  'provider_omits',
  'deposit_differs',
  'block_differs',
  'receipts_differ',
  'findings_cut',
]

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
 * Before they are judged, since that is work for each. What is on record comes first; of the others each look takes
 * those that stand elsewhere in the list, so that nothing can be hidden behind a flood for ever.
 */
export function boundJudged<T>(
  fresh: readonly T[],
  { known, look }: { readonly known: number; readonly look: number },
): Bounded<T> {
  const room = Math.max(1, JUDGED_MAX - known)
  if (fresh.length <= room) return { taken: fresh, left: [] }
  const first = (look * room) % fresh.length
  const turned = [...fresh.slice(first), ...fresh.slice(0, first)]
  return { taken: turned.slice(0, room), left: turned.slice(room) }
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
