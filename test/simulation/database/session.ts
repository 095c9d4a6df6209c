import type pg from 'pg'
import type { Gate } from './gate.ts'
import type { LockQueue } from './lock-queue.ts'

/**
 * What may go wrong with a statement.
 *
 * - `kill_before`, `kill_after`: the process dies before the statement is sent, or after it was carried out.
 * - `drop`: the connection breaks; the server rolls back.
 * - `drop_after`: the connection breaks after the statement was carried out. At COMMIT: neither yes nor no.
 * - `serialization`, `deadlock`: the server gives the transaction up.
 */
export type Mishap =
  | 'kill_before'
  | 'kill_after'
  | 'drop'
  | 'drop_after'
  | 'serialization'
  | 'deadlock'

/** Whose session it is, and what befalls it. */
export interface SessionOwner {
  readonly isAlive: boolean
  /** The server's time, which leases go by. */
  readonly databaseTime: Date
  befalls(statement: string, inTransaction: boolean): Mishap | null
  /** Lets virtual time pass before a statement, as when the process is paused there. */
  linger(statement: string): Promise<void>
  /** The same within a transaction, which keeps its locks meanwhile; null where none passes. */
  dawdle(statement: string): Promise<void> | null
  /** While a statement waits for another transaction's end. */
  letTimePass(wait: Promise<void>): Promise<void>
  happened(what: Happening): void
  kill(): Promise<void>
  ran(statement: string, values: readonly unknown[], rows: number): void
  committed(statements: readonly Statement[]): void
}

/** What comes of transactions that overlap. */
export type Happening =
  | 'a transaction overlapped another'
  | 'waited for a lock'
  | 'ran into a deadlock'
  | 'ended for idling in a transaction'

export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
  readonly rows: readonly unknown[]
}

/** Real connections: one for each transaction that is open, and one for everything else. */
export interface Connections {
  lend(): Promise<pg.PoolClient>
  shared(): Promise<pg.PoolClient>
  /** How many transactions are open, of all daemons. */
  readonly open: number
  /** Calls back when a transaction that begins to idle now has idled for as long as the daemon's settings let it. */
  afterIdling(run: () => void): void
}

const CODES = { serialization: '40001', deadlock: '40P01' } as const
const LOCK_NOT_AVAILABLE = '55P03'

/** A connection as a daemon sees it: a real one, with bad luck. */
export class Session {
  readonly #owner: SessionOwner
  readonly #connections: Connections
  readonly #gate: Gate
  readonly #locks: LockQueue
  /** While its transaction waits for its client. */
  #idling: object | null = null
  /** While a transaction is open. */
  #client: pg.PoolClient | null = null
  #statements: Statement[] | null = null
  #state: 'sound' | 'aborted' | 'broken' = 'sound'
  #released = false

  constructor(
    owner: SessionOwner,
    connections: Connections,
    { gate, locks }: { readonly gate: Gate; readonly locks: LockQueue },
  ) {
    this.#owner = owner
    this.#connections = connections
    this.#gate = gate
    this.#locks = locks
  }

  get inTransaction(): boolean {
    return this.#statements !== null
  }

  /** Whether only time, or another transaction's end, lets it go on. */
  get isWaiting(): boolean {
    return this.#idling !== null || this.#locks.has(this)
  }

  async query(text: string, values: readonly unknown[] = []): Promise<unknown> {
    if (!this.#owner.isAlive) return forever()
    const wait = this.inTransaction ? this.#owner.dawdle(text) : null
    if (wait !== null) await this.#idle(wait)
    if (this.#state === 'broken') throw connectionLost()
    if (this.#state === 'aborted') {
      if (text === 'rollback') return this.#rolledBack()
      throw databaseError('25P02', 'current transaction is aborted')
    }
    await this.#owner.linger(text)
    if (!this.#owner.isAlive) return forever()
    const mishap = this.#owner.befalls(text, this.inTransaction)
    if (mishap === 'kill_before') return this.#die()
    if (mishap === 'drop') return this.#breakOff()
    if (mishap === 'serialization' || mishap === 'deadlock') return this.#abort(CODES[mishap])
    const result = await this.#runUnlessDead(text, values)
    if (mishap === 'kill_after') return this.#die()
    if (mishap === 'drop_after') return this.#breakOff()
    return result
  }

  release(): void {
    if (this.#released || !this.#owner.isAlive) return
    this.#released = true
    this.#giveBack()
  }

  /** The process is gone: the server notices, rolls back, and the connection is free for others. */
  async abandon(): Promise<void> {
    if (this.#released) return
    this.#released = true
    this.#idling = null
    this.#locks.leave(this)
    if (this.inTransaction) await this.#send('rollback')
    this.#giveBack()
  }

  /** The server counts the time, and ends a transaction whose client lets too much of it pass. */
  async #idle(wait: Promise<void>): Promise<void> {
    const idling = {}
    this.#idling = idling
    this.#connections.afterIdling(() => {
      if (this.#idling === idling) void this.#endForIdling()
    })
    await wait
    this.#idling = null
  }

  async #endForIdling(): Promise<void> {
    this.#owner.happened('ended for idling in a transaction')
    this.#state = 'broken'
    await this.#giveUp()
  }

  /** Who died while it waited for its turn never learns of anything. */
  async #runUnlessDead(text: string, values: readonly unknown[]): Promise<unknown> {
    try {
      return await this.#run(text, values)
    } catch (error) {
      if (!this.#owner.isAlive) return forever()
      throw error
    }
  }

  async #run(text: string, values: readonly unknown[]): Promise<unknown> {
    const result = await this.#send(text, values)
    this.#owner.ran(text, values, result.rowCount ?? 0)
    if (isBeginning(text)) this.#statements = []
    else if (text === 'rollback') this.#statements = null
    else if (text === 'commit') {
      const statements = this.#statements ?? []
      this.#statements = null
      if (result.command === 'COMMIT') this.#owner.committed(statements)
    } else if (this.#statements === null) {
      this.#owner.committed([{ text, values, rows: result.rows }])
    } else this.#statements.push({ text, values, rows: result.rows })
    return result
  }

  /**
   * A statement that needs another transaction's lock steps back and tries again when one has ended. Only one is under
   * way at a time, so one that waited on the server would wait for ever. Where all transactions that are open wait for
   * each other, a server ends one; here it is the last that came to wait.
   */
  async #send(text: string, values: readonly unknown[] = []): Promise<pg.QueryResult> {
    for (;;) {
      const result = await this.#gate.pass(() => this.#try(text, values))
      if (result !== 'locked') return result
      const { inTransaction } = this
      if (inTransaction && this.#locks.transactions + 1 >= this.#connections.open) {
        this.#owner.happened('ran into a deadlock')
        return this.#abort(CODES.deadlock)
      }
      this.#owner.happened('waited for a lock')
      await this.#owner.letTimePass(this.#locks.wait(this, inTransaction))
    }
  }

  async #try(text: string, values: readonly unknown[]): Promise<pg.QueryResult | 'locked'> {
    if (!this.#owner.isAlive && text !== 'rollback') throw connectionLost()
    if (isBeginning(text)) {
      this.#client = await this.#connections.lend()
      if (this.#connections.open > 1) this.#owner.happened('a transaction overlapped another')
    }
    const client = this.#client ?? (await this.#connections.shared())
    const query = this.#query(text, values)
    const isEnd = text === 'commit' || text === 'rollback'
    // The savepoint is spared where nobody else can hold a lock.
    const mayStepBack = this.inTransaction && !isEnd && this.#connections.open > 1
    const result = await (mayStepBack ? steppingBack(client, query) : orLocked(client, query))
    if (isEnd) this.#giveBack()
    return result
  }

  /** Under a name, so that the server plans each statement once, and with the world's time in place of its own. */
  #query(text: string, values: readonly unknown[]): pg.QueryConfig {
    if (!text.includes('clock_timestamp()'))
      return { name: nameOf(text), text, values: [...values] }
    const timed = text.replaceAll('clock_timestamp()', `$${values.length + 1}::timestamptz`)
    const nowText = this.#owner.databaseTime.toISOString()
    return { name: nameOf(timed), text: timed, values: [...values, nowText] }
  }

  #giveBack(): void {
    if (this.#client === null) return
    this.#client.release()
    this.#client = null
    this.#locks.ended()
  }

  async #die(): Promise<never> {
    await this.#owner.kill()
    return forever()
  }

  async #breakOff(): Promise<never> {
    await this.#giveUp()
    this.#state = 'broken'
    throw connectionLost()
  }

  async #abort(code: string): Promise<never> {
    const had = this.inTransaction
    await this.#giveUp()
    if (had) this.#state = 'aborted'
    throw databaseError(code, 'the server gave the transaction up')
  }

  async #giveUp(): Promise<void> {
    if (!this.inTransaction) return
    this.#statements = null
    await this.#send('rollback')
  }

  #rolledBack(): object {
    this.#state = 'sound'
    return { command: 'ROLLBACK', rowCount: null, rows: [] }
  }
}

/** Within a transaction, which a failed statement would end. */
async function steppingBack(
  client: pg.PoolClient,
  query: pg.QueryConfig,
): Promise<pg.QueryResult | 'locked'> {
  await client.query('savepoint before')
  const result = await orLocked(client, query)
  const way = result === 'locked' ? 'rollback to' : 'release'
  await client.query(`${way} savepoint before`)
  return result
}

async function orLocked(
  client: pg.PoolClient,
  query: pg.QueryConfig,
): Promise<pg.QueryResult | 'locked'> {
  try {
    return await client.query(query)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === LOCK_NOT_AVAILABLE)
      return 'locked'
    throw error
  }
}

const names = new Map<string, string>()

function nameOf(text: string): string {
  const name = names.get(text) ?? `s${names.size}`
  names.set(text, name)
  return name
}

/** One that only reads begins otherwise than one that writes. */
export function isBeginning(text: string): boolean {
  return text === 'begin' || text.startsWith('start transaction')
}

/** What a dead process is still waiting for. */
function forever(): Promise<never> {
  return new Promise(() => undefined)
}

function connectionLost(): Error {
  return new Error('Connection terminated unexpectedly')
}

function databaseError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
