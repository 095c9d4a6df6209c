/**
 * Lets one statement at a time through to PostgreSQL, in the order of asking. Two statements under way at once
 * would be answered in whatever order the server chose, and a run would no longer be a function of its seed.
 */
export class Gate {
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  get isOpen(): boolean {
    return this.#waiting === 0
  }

  async pass<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting += 1
    const before = this.#last
    const turn = (async () => {
      await before.catch(() => undefined)
      return work()
    })()
    this.#last = turn
    try {
      return await turn
    } finally {
      this.#waiting -= 1
    }
  }

  async whenIdle(): Promise<void> {
    await this.#last.catch(() => undefined)
  }
}
