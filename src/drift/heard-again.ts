import type { ChainId } from '../domain/chain.ts'
import type { Db } from '../store/database.ts'
import { rescansSince, type Progress, type Span } from './audit-store.ts'

/**
 * What finished rescans have read again, for addresses that came late, is heard again, beside new blocks and never
 * before them: anybody may ask for all of history. What is under way is heard to its end first, or somebody who keeps
 * asking would have its beginning heard for ever; whatever was asked for meanwhile is heard then, in one span.
 */
export async function withRescans(
  db: Db,
  chainId: ChainId,
  progress: Progress,
  startHeight: number,
): Promise<Progress> {
  const reach = { next: startHeight, to: progress.next - 1 }
  const left = common(progress.again, reach)
  if (left !== null) return { ...progress, again: left }
  const { id, span } = await rescansSince(db, chainId, progress.rescanId)
  return { ...progress, rescanId: id, again: common(span, reach) }
}

/** Above its reach a provider is heard all the same: as of new blocks. */
function common(span: Span | null, reach: Span): Span | null {
  if (span === null) return null
  const next = Math.max(span.next, reach.next)
  const to = Math.min(span.to, reach.to)
  return next > to ? null : { next, to }
}
