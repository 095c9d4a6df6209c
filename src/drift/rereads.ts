import type { ChainId } from '../domain/chain.ts'
import type { Db } from '../store/database.ts'
import { REREAD_KINDS } from './bounds.ts'
import type { Stretch } from './examination.ts'
import { findingsToReread } from './finding-read-store.ts'

/** Findings looked at again in one round. */
const REREAD_MAX = 200

/** The blocks of all findings that another look at these providers could resolve, each once. */
export async function stretchesToReread(
  db: Db,
  chainId: ChainId,
  providers: readonly string[],
  now: Date,
): Promise<Stretch[]> {
  const asked = { kinds: REREAD_KINDS, providers, now, limit: REREAD_MAX }
  const stretches = new Map<string, Stretch>()
  for (const { provider, height, kind } of await findingsToReread(db, chainId, asked)) {
    if (provider === null || height === null) continue
    const key = `${provider} ${height}`
    const isProven = kind === 'receipts_differ' || stretches.get(key)?.isProven === true
    stretches.set(key, { provider, from: height, to: height, isProven })
  }
  return [...stretches.values()]
}
