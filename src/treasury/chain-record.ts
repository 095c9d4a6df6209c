import type { Evidence } from '../confirmation/policy.ts'

/**
 * What the records say about where the chain stood at a moment:
 *
 * - `tip`, `final`: it was at this height or above. `isExact`: and it was not before that moment.
 * - `below`: both were below it: the block at this height left our view, or a deposit still waited for it.
 */
export interface Sign {
  readonly kind: 'tip' | 'final' | 'below'
  readonly height: number
  readonly atMs: number
  readonly isExact: boolean
}

/** Where the chain stood over time, as far as it can be told. */
export interface ChainRecord {
  readonly tip: Track
  readonly final: Track
  /** From this height on we hold every block that was ever our tip; below it they were pruned. */
  readonly completeFrom: number
  readonly blockTimeMs: number
}

/** When something came true. Not exact: an estimate, or the latest moment it can have been. */
export interface Reached {
  readonly atMs: number
  readonly isExact: boolean
}

/** Signs in the order of time, with what is known after each. */
interface Track {
  readonly signs: readonly Sign[]
  /** The height known to be reached; -1 for none. */
  readonly levels: readonly number[]
  /** Since when that is its level. */
  readonly sinceMs: readonly number[]
}

export function chainRecord(
  signs: readonly Sign[],
  known: Pick<ChainRecord, 'completeFrom' | 'blockTimeMs'>,
): ChainRecord {
  const ordered = signs.toSorted(inOrder)
  return {
    tip: trackOf(ordered.filter(({ kind }) => kind !== 'final')),
    final: trackOf(ordered.filter(({ kind }) => kind !== 'tip')),
    ...known,
  }
}

/** What was known at a moment. Both heights are the least that is certain. */
export function evidenceAt({ tip, final }: ChainRecord, atMs: number): Evidence {
  const finalizedHeight = levelAt(final, atMs)
  return {
    tipHeight: levelAt(tip, atMs),
    finalizedHeight: finalizedHeight === -1 ? null : finalizedHeight,
  }
}

/** When, from `fromMs` on, the tip was first this high; null if it has not been. */
export function whenTipReaches(
  { tip, completeFrom, blockTimeMs }: ChainRecord,
  height: number,
  fromMs: number,
): Reached | null {
  const index = firstAtLeast(tip, height, fromMs)
  const sign = tip.signs[index]
  if (sign === undefined) return null
  if (sign.atMs <= fromMs) return { atMs: fromMs, isExact: true }
  if (height >= completeFrom) return { atMs: sign.atMs, isExact: true }
  // Below it a branch that left may have been there earlier, without a trace.
  if (sign.isExact && sign.height === height) return { atMs: sign.atMs, isExact: false }
  // Between two moments that are known, the chain is taken to have kept its pace.
  const blocks = height - (tip.levels[index - 1] ?? height)
  const paced = (tip.sinceMs[index - 1] ?? fromMs) + blocks * blockTimeMs
  return { atMs: Math.max(fromMs, Math.min(paced, sign.atMs)), isExact: false }
}

/** When, from `fromMs` on, the chain was first known to call this height final, at the latest. */
export function whenFinal({ final }: ChainRecord, height: number, fromMs: number): Reached | null {
  const sign = final.signs[firstAtLeast(final, height, fromMs)]
  if (sign === undefined) return null
  return sign.atMs <= fromMs
    ? { atMs: fromMs, isExact: true }
    : { atMs: sign.atMs, isExact: sign.isExact && sign.height === height }
}

/** A reorg is a disconnect followed by connects; what connects at one moment does so from below, the exact first. */
function inOrder(a: Sign, b: Sign): number {
  const rank = ({ kind }: Sign) => (kind === 'below' ? 0 : 1)
  const doubt = ({ isExact }: Sign) => (isExact ? 0 : 1)
  return a.atMs - b.atMs || rank(a) - rank(b) || a.height - b.height || doubt(a) - doubt(b)
}

function trackOf(signs: readonly Sign[]): Track {
  const levels: number[] = []
  const sinceMs: number[] = []
  for (const { kind, height, atMs } of signs) {
    const before = levels.at(-1) ?? -1
    const level = kind === 'below' ? Math.min(before, height - 1) : Math.max(before, height)
    sinceMs.push(level === before ? (sinceMs.at(-1) ?? atMs) : atMs)
    levels.push(level)
  }
  return { signs, levels, sinceMs }
}

function levelAt({ signs, levels }: Track, atMs: number): number {
  return levels[lastUntil(signs, atMs)] ?? -1
}

/** The index of the sign in force at `fromMs`, or of the first after it, at which the level is this high. */
function firstAtLeast({ signs, levels }: Track, height: number, fromMs: number): number {
  let index = Math.max(0, lastUntil(signs, fromMs))
  while (index < signs.length && (levels[index] ?? -1) < height) index += 1
  return index
}

/** The index of the last sign until `atMs`; -1 if all are later. */
function lastUntil(signs: readonly Sign[], atMs: number): number {
  let low = 0
  let high = signs.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((signs[middle]?.atMs ?? 0) <= atMs) low = middle + 1
    else high = middle
  }
  return low - 1
}
