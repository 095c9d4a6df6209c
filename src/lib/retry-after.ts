/**
 * A `Retry-After` header, in seconds or as an HTTP date (RFC 9110, section 10.2.3), as milliseconds from `now`; null
 * if it is neither. How much of it is granted is for the caller to say.
 */
export function parseRetryAfter(header: string | undefined, now: Date): number | null {
  const text = header?.trim() ?? ''
  if (/^\d+$/.test(text)) return Number(text) * 1_000
  // All three HTTP date forms begin with the name of a day; `Date.parse` alone would take "-1" for a year.
  const time = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? null : Math.max(0, time - now.getTime())
}
