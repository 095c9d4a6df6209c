/** A broken invariant: a bug of ours, never bad input. It aborts the transaction in which it is thrown. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/** Throws when `condition` does not hold. `sentence` states the invariant, with the values that broke it. */
export function assert(condition: unknown, sentence: string): asserts condition {
  if (!condition) throw new AssertionError(sentence)
}

/** The compiler proves that `value` cannot exist; should it exist all the same, say so. */
export function assertNever(value: never, what: string): never {
  throw new AssertionError(`unknown ${what}: ${JSON.stringify(value)}`)
}

/** `value`, which the caller knows to be present; the sentence says why it must be. */
export function required<T>(value: T | null | undefined, sentence: string): T {
  assert(value !== null && value !== undefined, sentence)
  return value
}
