import type { Clock } from './clock.ts'
import type { Wake } from './wake.ts'

/** `busy`: call again at once, there may be more. `idle`: nothing to do for now. */
export type Pace = 'busy' | 'idle'

/** What every loop's `tick()` returns: a named outcome, and whether to come straight back. */
export interface Outcome {
  readonly pace: Pace
  /** Low-cardinality name, used as a metric label: `connected`, `nothing_new`, `standby`, … */
  readonly name: string
}

/** One bounded unit of work. It either completes or throws with nothing half-done. */
export interface Actor {
  readonly name: string
  tick(): Promise<Outcome>
}

export interface LoopOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** How long to sleep after an idle tick, in milliseconds. */
  readonly idleMs: number
  /** After a throw the sleep doubles from `idleMs` up to this, in milliseconds. */
  readonly errorMsMax: number
  readonly wake?: Wake
  readonly onOutcome?: (actor: Actor, outcome: Outcome, durationMs: number) => void
  readonly onError: (actor: Actor, failing: Failing) => void
  /** The first tick that came through after failures. */
  readonly onRecovered?: (actor: Actor, recovered: Recovered) => void
}

export interface Failing {
  readonly error: unknown
  /** In a row, this one included. */
  readonly failures: number
  /** The error of the tick before; absent when that one came through. */
  readonly previous?: unknown
}

export interface Recovered {
  readonly failures: number
  readonly failedMs: number
  readonly outcome: Outcome
}

/** Drives an actor until the signal aborts. The only place in the daemon that sleeps between units of work. */
export async function runLoop(actor: Actor, options: LoopOptions): Promise<void> {
  const { clock, signal, idleMs, errorMsMax } = options
  let failures = 0
  let previous: unknown
  let failingSinceMs = 0
  while (!signal.aborted) {
    const started = clock.monotonicMs()
    let restMs = 0
    try {
      const outcome = await actor.tick()
      if (failures > 0) {
        const failedMs = clock.monotonicMs() - failingSinceMs
        options.onRecovered?.(actor, { failures, failedMs, outcome })
      }
      failures = 0
      options.onOutcome?.(actor, outcome, clock.monotonicMs() - started)
      if (outcome.pace === 'idle') restMs = idleMs
    } catch (error) {
      failures += 1
      if (failures === 1) failingSinceMs = started
      options.onError(actor, { error, failures, ...(failures > 1 && { previous }) })
      previous = error
      restMs = Math.min(errorMsMax, Math.max(idleMs, 50) * 2 ** Math.min(failures - 1, 16))
    }
    if (restMs > 0) await rest(restMs, failures > 0, options)
  }
}

/** After an error the sleep is not cut short: a ringing hint must not turn a failing loop into a hot one. */
async function rest(ms: number, failed: boolean, options: LoopOptions): Promise<void> {
  const { clock, signal, wake } = options
  if (wake === undefined || failed) return clock.sleep(ms, signal)
  await wake.wait((rung) => clock.sleep(ms, AbortSignal.any([signal, rung])))
}
