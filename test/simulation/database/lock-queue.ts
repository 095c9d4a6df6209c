interface Waiter {
  readonly isInTransaction: boolean
  readonly goOn: () => void
}

/**
 * Statements that need a lock of a transaction that is not done. Whenever any transaction ends they all try again, in
 * the order in which they came.
 */
export class LockQueue {
  readonly #waiters = new Map<object, Waiter>()

  /** How many of them hold locks of their own. */
  get transactions(): number {
    return [...this.#waiters.values()].filter((waiter) => waiter.isInTransaction).length
  }

  has(session: object): boolean {
    return this.#waiters.has(session)
  }

  wait(session: object, isInTransaction: boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.set(session, { isInTransaction, goOn: resolve })
    })
  }

  leave(session: object): void {
    this.#waiters.delete(session)
  }

  ended(): void {
    const waiters = [...this.#waiters.values()]
    this.#waiters.clear()
    for (const { goOn } of waiters) goOn()
  }
}
