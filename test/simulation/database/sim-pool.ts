import type pg from 'pg'
import { required } from '../../../src/lib/assert.ts'
import type { WorldTime } from '../world/time.ts'
import type { Gate } from './gate.ts'
import type { LockQueue } from './lock-queue.ts'
import type { SimServer } from './server.ts'
import { Session, type SessionOwner } from './session.ts'

/** What all daemons have in common. */
interface Shared {
  readonly server: SimServer
  readonly gate: Gate
  readonly locks: LockQueue
  readonly time: WorldTime
}

/** Stands in for a daemon's own pool: lends real connections of the simulator's, one statement at a time. */
export class SimPool {
  readonly #owner: SessionOwner
  readonly #shared: Shared
  readonly #original: pg.Pool
  readonly #sessions = new Set<Session>()

  constructor(owner: SessionOwner, original: pg.Pool, shared: Shared) {
    this.#owner = owner
    this.#original = original
    this.#shared = shared
  }

  /** Transactions that are open and wait neither for time, as drawn, nor for a lock. */
  get openTransactions(): number {
    return [...this.#sessions].filter((session) => session.inTransaction && !session.isWaiting)
      .length
  }

  get isWaiting(): boolean {
    return [...this.#sessions].some((session) => session.isWaiting)
  }

  get lent(): number {
    return this.#sessions.size
  }

  connect(): Promise<object> {
    const { server, time } = this.#shared
    const idleMs = required(
      this.#original.options.idle_in_transaction_session_timeout,
      'transactions that idle are ended',
    )
    const connections = {
      lend: () => server.lend(this.#original),
      shared: () => server.shared(this.#original),
      get open() {
        return server.open
      },
      afterIdling: (run: () => void) => time.after(idleMs, run),
    }
    const session = new Session(this.#owner, connections, this.#shared)
    this.#sessions.add(session)
    return Promise.resolve({
      query: (text: string, values?: readonly unknown[]) => session.query(text, values),
      release: () => {
        this.#sessions.delete(session)
        session.release()
      },
    })
  }

  async end(): Promise<void> {
    await this.#original.end()
  }

  async abandon(): Promise<void> {
    for (const session of this.#sessions) await session.abandon()
    this.#sessions.clear()
    await this.#original.end()
  }
}
