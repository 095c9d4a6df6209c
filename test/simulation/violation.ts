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
