/** A day in UTC. An event belongs to the day in which it was written. */
export interface Day {
  /** `2026-11-20` */
  readonly name: string
  readonly from: Date
  /** Exclusive. */
  readonly until: Date
}

const DAY_MS = 86_400_000

/** What began before midnight may be committed after it, by a daemon whose clock is not quite ours. */
const SETTLING_MS = 60_000

export function dayOf(name: string): Day {
  const from = new Date(`${name}T00:00:00.000Z`)
  return { name, from, until: new Date(from.getTime() + DAY_MS) }
}

/** From then on nothing is added to the day. */
export function hasEnded({ until }: Day, now: Date): boolean {
  return now.getTime() >= until.getTime() + SETTLING_MS
}
