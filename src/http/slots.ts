import { AppError } from '../domain/error.ts'

export interface SlotLimits {
  /** What is done in them, in the plural: `explanations`. */
  readonly work: string
  readonly max: number
  /** Of one environment: none keeps the others out. */
  readonly maxEach: number
}

/** Places for work that is heavy for whoever else needs this process, or its providers. */
export class Slots {
  readonly #limits: SlotLimits
  readonly #taken = new Map<string, number>()

  constructor(limits: SlotLimits) {
    this.#limits = limits
  }

  /** The slot is free again when the work is done and all that it left behind has ended as well. */
  async hold<T>(
    environment: string,
    work: (leave: (behind: Promise<unknown>) => void) => Promise<T>,
  ): Promise<T> {
    this.#take(environment)
    const left: Promise<unknown>[] = []
    try {
      return await work((behind) => left.push(behind))
    } finally {
      void Promise.allSettled(left).then(() => this.#give(environment))
    }
  }

  #take(environment: string): void {
    const { max, maxEach } = this.#limits
    const own = this.#of(environment)
    if (own >= maxEach) this.#refuse(` for ${environment}: ${own}`)
    const all = [...this.#taken.values()].reduce((sum, count) => sum + count, 0)
    if (all >= max) this.#refuse(`: ${all}`)
    this.#taken.set(environment, own + 1)
  }

  #give(environment: string): void {
    const own = this.#of(environment) - 1
    if (own === 0) this.#taken.delete(environment)
    else this.#taken.set(environment, own)
  }

  #of(environment: string): number {
    return this.#taken.get(environment) ?? 0
  }

  #refuse(count: string): never {
    const { work } = this.#limits
    throw new AppError(
      'not_ready',
      `${work} under way${count}, and no more at once; ask again in a few seconds`,
    )
  }
}
