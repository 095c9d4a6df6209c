/**
 * The circuit breaker of one endpoint. It spares a broken receiver, and the attempts of its deliveries: while
 * it is open nothing is sent and their schedule waits.
 *
 *     closed ──5th failure in a row──▶ open ──pause over──▶ half-open ──success──▶ closed
 *                                       ▲                      │
 *                                       └────── failure ───────┘  (the pause doubles)
 */
export interface Breaker {
  /** Consecutive failures. */
  readonly failures: number
  /** No attempt before this time; null or past: attempts may be made. */
  readonly openUntil: Date | null
}

export const CLOSED: Breaker = { failures: 0, openUntil: null }

export const FAILURES_TO_OPEN = 5
const PAUSE_MIN_MS = 30_000
const PAUSE_MAX_MS = 600_000
/** Spreads the probes of endpoints that broke together (one receiver, many endpoints). */
const JITTER = 0.1

export function isOpen(breaker: Breaker, now: Date): boolean {
  return breaker.openUntil !== null && breaker.openUntil > now
}

/** How many attempts may be under way at once: one probe while half-open, else `most`. */
export function allowance(breaker: Breaker, most: number): number {
  return breaker.failures >= FAILURES_TO_OPEN ? 1 : most
}

/**
 * `retryAfterMs` is a receiver's request to be left alone (429, 503): it speaks for the whole endpoint, so it
 * opens the breaker at once, for no longer than any other pause.
 */
export function afterFailure(
  breaker: Breaker,
  now: Date,
  fraction: number,
  retryAfterMs = 0,
): Breaker {
  // Attempts that were under way when the breaker opened are part of the same outage: they count for nothing.
  if (isOpen(breaker, now)) return breaker
  const failures = breaker.failures + 1
  const pauseMs = Math.max(pauseAfter(failures, fraction), Math.min(retryAfterMs, PAUSE_MAX_MS))
  return { failures, openUntil: pauseMs === 0 ? null : new Date(now.getTime() + pauseMs) }
}

function pauseAfter(failures: number, fraction: number): number {
  if (failures < FAILURES_TO_OPEN) return 0
  const doubled = PAUSE_MIN_MS * 2 ** Math.min(failures - FAILURES_TO_OPEN, 10)
  return Math.round(Math.min(doubled, PAUSE_MAX_MS) * (1 + JITTER * fraction))
}
