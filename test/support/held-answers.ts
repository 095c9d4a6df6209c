import type {
  KyselyPlugin,
  PluginTransformQueryArgs,
  PluginTransformResultArgs,
  QueryResult,
  RootOperationNode,
  UnknownRow,
} from 'kysely'

export type Answer = QueryResult<UnknownRow>

interface Hold {
  readonly matches: (answer: Answer) => boolean
  readonly hold: () => Promise<void>
}

export interface HeldAnswer {
  /** The server has answered; whoever asked does not know it yet. */
  readonly reached: Promise<void>
  readonly release: () => void
}

/** Holds chosen answers of the database back, as a slow network would: `db.withPlugin(answers)`. */
export class HeldAnswers implements KyselyPlugin {
  readonly #holds: Hold[] = []

  /** The next answer that `matches`, and only that one. */
  holdNext(matches: (answer: Answer) => boolean): HeldAnswer {
    const reached = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    const hold = (): Promise<void> => {
      reached.resolve()
      return released.promise
    }
    this.#holds.push({ matches, hold })
    return { reached: reached.promise, release: released.resolve }
  }

  transformQuery({ node }: PluginTransformQueryArgs): RootOperationNode {
    return node
  }

  async transformResult({ result }: PluginTransformResultArgs): Promise<Answer> {
    const index = this.#holds.findIndex(({ matches }) => matches(result))
    if (index !== -1) await this.#holds.splice(index, 1)[0]?.hold()
    return result
  }
}
