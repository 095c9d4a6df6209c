import type { Coverage } from './coverage.ts'
import type { Lie, TronLie } from './faults.ts'
import { hold } from './violation.ts'

/** Lies that no honest node could tell: whoever reads one has to say so. Others look like lag, and are read again. */
const FLAGRANT: readonly Lie[] = [
  'other_block',
  'foreign_log',
  'duplicated_logs',
  'sibling_logs',
  'removed_logs',
]
/** On TRON a log of another contract belongs into an info, and is passed over. */
const FLAGRANT_ON_TRON: readonly TronLie[] = ['other_block', 'odd_id', 'huge_number', 'bare_block']
/** Who told it, or what was shown: of a transaction in two blocks nobody can say which of them is the lie. */
const NAMED = ['provider', 'claimed', 'shown', 'alsoIn']
/** A fault on the way may spoil a lie, or a kill whoever heard it: but not so many of them. */
const TOLD_MAX = 12

/** What the daemons said aloud of their providers. */
export class Alarms {
  readonly #coverage: Coverage
  heard = 0
  /** Chains that were halted, by their slugs, at which nobody has looked yet. */
  readonly halted = new Set<string>()

  constructor(coverage: Coverage) {
    this.#coverage = coverage
  }

  /** A line of a daemon's log, warnings left out. */
  hear(line: Readonly<Record<string, unknown>>): void {
    if (String(line['msg']).includes('halted')) this.halted.add(String(line['chain']))
    if (!String(line['msg']).startsWith('provider contradiction')) return
    this.heard += 1
    this.#coverage.count('lies detected')
    const evidence = (line['evidence'] ?? {}) as Record<string, unknown>
    hold(
      NAMED.some((name) => evidence[name] !== undefined),
      'I16',
      () => `names neither a provider nor what it showed: ${JSON.stringify(line)}`,
    )
  }

  /** Nothing is healed in silence. */
  conclude(): void {
    const told = [
      ...FLAGRANT.map((lie) => `F4/F5 ${lie}`),
      ...FLAGRANT_ON_TRON.map((lie) => `F9 ${lie}`),
    ].reduce((sum, name) => sum + this.#coverage.of(name), 0)
    hold(
      told < TOLD_MAX || this.heard > 0,
      'I16',
      () => `${told} lies were told that no node could mean, and nobody said a word`,
    )
  }
}
