import { AsyncLocalStorage } from 'node:async_hooks'

interface Operation {
  /** Of its statements: those that wait for time, or for another transaction's end. */
  waiting: number
}

/**
 * What people and clients do, as against what daemons do by themselves. In the middle of one nothing else happens,
 * unless it waits for something that takes time.
 */
export class Operations {
  readonly #current = new AsyncLocalStorage<Operation>()
  readonly #underWay = new Set<Operation>()

  /** Whether whoever asks is part of one. */
  get isWithin(): boolean {
    return this.#current.getStore() !== undefined
  }

  get isAnyUnderWay(): boolean {
    return this.#underWay.size > 0
  }

  /** Whether none of them can go on before time does. */
  get areWaiting(): boolean {
    return [...this.#underWay].every(({ waiting }) => waiting > 0)
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    const operation = { waiting: 0 }
    this.#underWay.add(operation)
    try {
      return await this.#current.run(operation, work)
    } finally {
      this.#underWay.delete(operation)
    }
  }

  async letTimePass(wait: Promise<void>): Promise<void> {
    const operation = this.#current.getStore() ?? { waiting: 0 }
    operation.waiting += 1
    await wait
    operation.waiting -= 1
  }
}
