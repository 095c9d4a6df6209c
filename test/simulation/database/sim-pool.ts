import type pg from 'pg'
import type { Gate } from './gate.ts'
import type { SimServer } from './server.ts'
import { Session, type SessionOwner } from './session.ts'

/** Stands in for a daemon's own pool: lends real connections of the simulator's, one statement at a time. */
export class SimPool {
  readonly #owner: SessionOwner
  readonly #server: SimServer
  readonly #gate: Gate
  readonly #original: pg.Pool
  readonly #sessions = new Set<Session>()

  constructor(owner: SessionOwner, original: pg.Pool, shared: { server: SimServer; gate: Gate }) {
    this.#owner = owner
    this.#original = original
    this.#server = shared.server
    this.#gate = shared.gate
  }

  get openTransactions(): number {
    return [...this.#sessions].filter((session) => session.inTransaction).length
  }

  get lent(): number {
    return this.#sessions.size
  }

  connect(): Promise<object> {
    const server = this.#server
    const connections = {
      lend: () => server.lend(this.#original),
      shared: () => server.shared(this.#original),
      get open() {
        return server.open
      },
    }
    const session = new Session(this.#owner, connections, this.#gate)
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
