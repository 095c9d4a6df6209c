import pg from 'pg'

/** Hears what a database commits: a notification is sent with the commit and never before it. */
export interface Commits extends AsyncDisposable {
  /** When `word` was first heard, on this process's monotonic clock; waits for it if need be. */
  heard(word: string): Promise<number>
}

const PATIENCE_MS = 20_000

/** Installs `trigger` statements, which call `pg_notify('committed', word)`, and listens. */
export async function listenForCommits(url: string, trigger: string): Promise<Commits> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(trigger)
  await client.query('listen committed')
  const words = new Words()
  client.on('notification', ({ payload }) => words.hear(payload ?? ''))
  return {
    heard: (word) => words.heard(word),
    [Symbol.asyncDispose]: () => client.end(),
  }
}

/** Words that arrive once and are waited for, in either order. */
export class Words {
  readonly #heard = new Map<string, number>()
  readonly #waiting = new Map<string, (at: number) => void>()

  hear(word: string): void {
    if (this.#heard.has(word)) return
    const at = performance.now()
    this.#heard.set(word, at)
    this.#waiting.get(word)?.(at)
  }

  async heard(word: string): Promise<number> {
    const at = this.#heard.get(word)
    if (at !== undefined) return at
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`${word} was not heard within ${PATIENCE_MS} ms`)),
        PATIENCE_MS,
      )
      this.#waiting.set(word, (when) => {
        clearTimeout(late)
        resolve(when)
      })
    })
  }
}
