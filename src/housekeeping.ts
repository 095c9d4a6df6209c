import { pruneIdempotencyKeys } from './environment/idempotency-store.ts'
import type { Clock } from './lib/clock.ts'
import type { Actor, Outcome } from './lib/loop.ts'
import type { Db } from './store/database.ts'

/** Rows deleted in one tick: short enough never to be in anybody's way. */
const BATCH = 1_000

/** Forgets what was promised to be kept for a while only. Any daemon may; deleting twice changes nothing. */
export class Housekeeping implements Actor {
  readonly name = 'housekeeping'
  readonly #db: Db
  readonly #clock: Clock

  constructor(db: Db, clock: Clock) {
    this.#db = db
    this.#clock = clock
  }

  async tick(): Promise<Outcome> {
    const pruned = await pruneIdempotencyKeys(this.#db, { now: this.#clock.now(), limit: BATCH })
    return { pace: pruned === BATCH ? 'busy' : 'idle', name: pruned > 0 ? 'pruned' : 'nothing_new' }
  }
}
