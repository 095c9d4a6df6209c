import pg from 'pg'
import { required } from '../../../src/lib/assert.ts'

/** Connections kept for all daemons of all seeds: making a new one costs PostgreSQL a process. */
const CONNECTIONS = 40

/**
 * The one real database behind every simulated daemon. Connections are lent out with no transaction open and come
 * back so; a daemon that dies loses its transactions, not its sockets, which the server cannot tell apart.
 */
export class SimServer {
  readonly url: string
  #pool: pg.Pool | null = null
  #shared: Promise<pg.PoolClient> | null = null
  #truncate: string | null = null

  constructor(url: string) {
    this.url = url
  }

  /** With the settings the daemon gave its own pool, but for those about real time. */
  lend(like: pg.Pool): Promise<pg.PoolClient> {
    this.#pool ??= new pg.Pool({
      ...like.options,
      max: CONNECTIONS,
      statement_timeout: 60_000,
      // Only who waits for a transaction that is not done waits at all, so it may be short on any machine.
      lock_timeout: 5,
      idle_in_transaction_session_timeout: 0,
      idleTimeoutMillis: 0,
      // A plan that depended on how often a statement ran before would make order depend on earlier seeds.
      options: '-c plan_cache_mode=force_generic_plan',
    })
    return this.#pool.connect()
  }

  /** Transactions that are open. */
  get open(): number {
    const { totalCount, idleCount } = required(this.#pool, 'a transaction has begun before')
    return totalCount - idleCount - (this.#shared === null ? 0 : 1)
  }

  /** The connection of all statements that stand alone: only one is under way at a time, so one is enough. */
  shared(like: pg.Pool): Promise<pg.PoolClient> {
    this.#shared ??= this.lend(like)
    return this.#shared
  }

  /** Empties every table for the next seed. */
  async reset(): Promise<void> {
    const client = new pg.Client({ connectionString: this.url })
    if (this.#pool === null) {
      await client.connect()
      await client.query(await this.#truncation(client))
      await client.end()
      return
    }
    await this.#pool.query(await this.#truncation(this.#pool))
  }

  async query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    const pool = required(this.#pool, 'a daemon has connected before')
    return (await pool.query<Row>(text, values)).rows
  }

  async close(): Promise<void> {
    const shared = await this.#shared
    shared?.release()
    await this.#pool?.end()
  }

  async #truncation(client: Pick<pg.Client, 'query'>): Promise<string> {
    if (this.#truncate !== null) return this.#truncate
    const { rows } = await client.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public' and tablename <> 'migration'`,
    )
    // What runs by itself on the server's own time changes the order in which unordered rows come.
    for (const { name } of rows) {
      await client.query(`alter table ${name} set (autovacuum_enabled = false)`)
    }
    this.#truncate = `truncate ${rows.map(({ name }) => name).join(', ')} restart identity cascade`
    return this.#truncate
  }
}
