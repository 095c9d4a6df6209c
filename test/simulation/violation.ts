/**
 * Where each promise is checked:
 *
 * | | promise | by |
 * |---|---|---|
 * | I1, I2 | no deposit lost, none twice, none invented | `Judge`, at rest; event ids in `Observer` |
 * | I3 | nothing confirmed or final that is not | `Observer`, at each event; `Judge`, at rest |
 * | I4, I5 | states, versions, order in the feed and at receivers | `Observer`, `Receiver`, `Judge` |
 * | I6 | the feed has no gap and no turn | `FeedReader`, while it is written; `Judge`, at rest |
 * | I7 | the cursor passes no block unread | I1: what lay in it would be lost |
 * | I8 | a head that goes back is no reorg | `Observer`, at each retraction |
 * | I9 | one writer per lease | `Fences`, at each commit |
 * | I10 | amounts and parties as on the chain | `Observer`, at each event |
 * | I11 | killed anywhere, the same in the end | I1 to I6 after kills at random statements |
 * | I12 | everything comes to rest in a calm world, in bounded time | `Simulation`, `Judge`; `Worker` for hangs |
 * | I13 | one dead receiver does not hold up others | I12 here; times are measured by the benchmarks |
 * | I14 | one seed, one run | `campaign`, for every tenth seed |
 * | I15 | lanes and sessions are bounded | `Daemon`, at each step |
 * | I16 | a lie that is noticed is told, with who told it | `Alarms` |
 * | I17 | the simulator can fail | `mutants/` |
 * | P4, P6, P9, P10 | retractions name what they retract; no transaction left open; every event reaches every receiver; one body per event | `Observer`, `Simulation`, `Judge`, `Receiver` |
 */

/** A promise was broken. The number is that of the invariant in docs/simulation.md. */
export class Violation extends Error {
  override readonly name = 'Violation'
  readonly invariant: string

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`)
    this.invariant = invariant
  }
}

export function hold(
  condition: unknown,
  invariant: string,
  message: () => string,
): asserts condition {
  if (!condition) throw new Violation(invariant, message())
}
