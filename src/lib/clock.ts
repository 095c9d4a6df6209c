import { setTimeout as timer } from 'node:timers/promises'

/** The only source of time in the daemon, so that a simulated world can replace it. */
export interface Clock {
  /** Wall clock, UTC. For what people read; never for leases, which use the database's clock. */
  now(): Date
  /** Milliseconds from an arbitrary start, never going back. For durations and deadlines. */
  monotonicMs(): number
  /** Resolves after `ms`, or as soon as `signal` aborts; it never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    if (signal?.aborted) return
    try {
      await timer(ms, undefined, signal === undefined ? {} : { signal })
    } catch (error) {
      if (signal?.aborted !== true) throw error
    }
  },
}
