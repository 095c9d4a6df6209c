import type pg from 'pg'
import type { Gate } from './gate.ts'

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
  kill(): Promise<void>
  ran(statement: string, values: readonly unknown[], rows: number): void
  committed(statements: readonly Statement[]): void
}

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
}

const CODES = { serialization: '40001', deadlock: '40P01' } as const
/** Turns that a statement leaves to others while one of them holds a lock it needs; some ten statements end any. */
const TURNS_MAX = 100
const LOCK_NOT_AVAILABLE = '55P03'

/** A connection as a daemon sees it: a real one, with bad luck. */
export class Session {
  readonly #owner: SessionOwner
  readonly #connections: Connections
  readonly #gate: Gate
  /** While a transaction is open. */
  #client: pg.PoolClient | null = null
  #statements: Statement[] | null = null
  #state: 'sound' | 'aborted' | 'broken' = 'sound'
  #released = false

  constructor(owner: SessionOwner, connections: Connections, gate: Gate) {
    this.#owner = owner
    this.#connections = connections
    this.#gate = gate
  }

  get inTransaction(): boolean {
    return this.#statements !== null
  }

  async query(text: string, values: readonly unknown[] = []): Promise<unknown> {
    if (!this.#owner.isAlive) return forever()
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
    if (this.inTransaction) await this.#send('rollback')
    this.#giveBack()
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

  /** Under a name, so that the server plans each statement once, and with the world's time in place of its own. */
  #send(text: string, values: readonly unknown[] = []): Promise<pg.QueryResult> {
    if (!text.includes('clock_timestamp()')) return this.#pass(text, [...values])
    const time = `$${values.length + 1}::timestamptz`
    const timed = text.replaceAll('clock_timestamp()', time)
    return this.#pass(timed, [...values, this.#owner.databaseTime.toISOString()])
  }

  /**
   * A statement that needs another transaction's lock steps back and queues again behind it. Only one statement is
   * under way at a time, so one that waited on the server would wait for ever. Of two transactions that wait for each
   * other a server ends one; here `TURNS_MAX` does.
   */
  async #pass(text: string, values: unknown[]): Promise<pg.QueryResult> {
    for (let turns = 0; turns < TURNS_MAX; turns += 1) {
      const result = await this.#gate.pass(() => this.#try(text, values))
      if (result !== 'locked') return result
    }
    return this.#abort(CODES.deadlock)
  }

  async #try(text: string, values: unknown[]): Promise<pg.QueryResult | 'locked'> {
    if (!this.#owner.isAlive && text !== 'rollback') throw connectionLost()
    if (isBeginning(text)) this.#client = await this.#connections.lend()
    const client = this.#client ?? (await this.#connections.shared())
    const query = { name: nameOf(text), text, values }
    const isEnd = text === 'commit' || text === 'rollback'
    // The savepoint is spared where nobody else can hold a lock.
    const mayStepBack = this.inTransaction && !isEnd && this.#connections.open > 1
    const result = await (mayStepBack ? steppingBack(client, query) : orLocked(client, query))
    if (isEnd) this.#giveBack()
    return result
  }

  #giveBack(): void {
    this.#client?.release()
    this.#client = null
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
