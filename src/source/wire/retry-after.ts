/** More patience than this is not granted: the next provider, or the next poll, is asked anyway. */
const RETRY_AFTER_MS_MAX = 60_000

/** `Retry-After` as seconds or as a date (RFC 9110, section 10.2.3); null when there is none to honour. */
export function readRetryAfter(text: string | undefined, now: Date): number | null {
  if (text === undefined) return null
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now.getTime()
  if (Number.isNaN(ms)) return null
  return Math.min(Math.max(ms, 0), RETRY_AFTER_MS_MAX)
}
