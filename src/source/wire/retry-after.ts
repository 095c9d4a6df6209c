import { parseRetryAfter } from '../../lib/retry-after.ts'

/** More patience than this is not granted: the next provider, or the next poll, is asked anyway. */
const RETRY_AFTER_MS_MAX = 60_000

/** How long a provider asks to be left alone, as far as that is granted; null when it does not ask. */
export function grantedRetryAfter(header: string | undefined, now: Date): number | null {
  const ms = parseRetryAfter(header, now)
  return ms === null ? null : Math.min(ms, RETRY_AFTER_MS_MAX)
}
