const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/**
 * Pause before each attempt of a round, in milliseconds: the schedule that Standard Webhooks recommends, drawn
 * out to ten attempts over 75.6 hours. It outlasts a weekend in which nobody looks at a broken receiver.
 */
const PAUSES_MS = [
  0,
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
] as const

/** A pause grows by up to a tenth, never shrinks; a round takes 83.1 hours at most. */
const JITTER = 0.1

/** A receiver may ask for up to an hour; more would turn a round of three days into weeks. */
const RETRY_AFTER_MAX_MS = HOUR

/**
 * When to try next, after `attempts` failed attempts of this round. `fraction` in [0, 1) is the chance behind
 * the jitter; `retryAfterMs` is what the receiver asked for, and it can only lengthen the pause.
 */
export function nextAttempt(
  attempts: number,
  now: Date,
  fraction: number,
  retryAfterMs = 0,
): Date | 'dead' {
  const pauseMs = PAUSES_MS[attempts]
  if (pauseMs === undefined) return 'dead'
  const jitteredMs = Math.round(pauseMs * (1 + JITTER * fraction))
  const waitMs = Math.max(jitteredMs, Math.min(retryAfterMs, RETRY_AFTER_MAX_MS))
  return new Date(now.getTime() + waitMs)
}
