import type { Statement } from './database/session.ts'
import { hold } from './violation.ts'

/** Which lease covers which write; the others belong to whoever asks through an API. */
const WRITES: readonly (readonly [RegExp, 'chain' | 'publisher' | 'delivery'])[] = [
  [
    /insert into "(?:block|chain_cursor)"|update "(?:block|chain_cursor)" set "(?:disconn|height)/,
    'chain',
  ],
  [/insert into (?:deposit as d|event \(|sighting)/, 'chain'],
  [/update "deposit" set "witnesses"|update "rescan" set "next/, 'chain'],
  [/insert into "?(?:audit_progress|audit_round|finding|balance_window)"?/, 'chain'],
  [/insert into feed_head/, 'publisher'],
  [/insert into attempt/, 'delivery'],
]
const TAKES = /update lease set\s+fence =/

/** Who holds each lease, learnt from the takeovers that were committed: nobody else's writes may be. */
export class Fences {
  readonly #chains: readonly string[]
  readonly #holders = new Map<string, { readonly daemon: string; readonly fence: number }>()
  takeovers = 0

  constructor(chainIds: readonly string[]) {
    this.#chains = chainIds.map((id) => `chain:${id}`)
  }

  committed(daemon: string, statements: readonly Statement[]): void {
    for (const { text, values, rows } of statements) {
      if (TAKES.test(text)) this.#take(daemon, values, rows)
    }
    for (const [pattern, lease] of WRITES) {
      if (!statements.some(({ text }) => pattern.test(text))) continue
      const names = lease === 'chain' ? this.#chainsOf(statements) : [lease]
      for (const name of names) {
        const holder = this.#holders.get(name)?.daemon
        const what = `${daemon} committed a write that ${name} covers`
        hold(holder === daemon, 'I9', () => `${what}, which ${holder ?? 'nobody'} holds`)
      }
    }
  }

  /** The chains that a transaction speaks of: of each it needs the lease. One that speaks of none may be of any. */
  #chainsOf(statements: readonly Statement[]): readonly string[] {
    const values = new Set(statements.flatMap((statement) => statement.values.flat().map(String)))
    const spoken = this.#chains.filter(
      (name) => values.has(name) || values.has(name.slice('chain:'.length)),
    )
    return spoken.length > 0 ? spoken : this.#chains
  }

  #take(daemon: string, values: readonly unknown[], rows: readonly unknown[]): void {
    const fence = (rows[0] as { fence?: number } | undefined)?.fence
    const name = values.find((value) => /^(?:chain:|publisher$|delivery$)/.test(String(value)))
    if (fence === undefined || typeof name !== 'string') return
    const before = this.#holders.get(name)
    hold(
      before === undefined || before.fence < fence,
      'I9',
      () => `${name} went from fence ${before?.fence} to ${fence}`,
    )
    if (before !== undefined && before.daemon !== daemon) this.takeovers += 1
    this.#holders.set(name, { daemon, fence })
  }
}
