/** One thing that `settled doctor` looked at. */
export interface Check {
  readonly name: string
  readonly level: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** What to do about it; null when there is nothing to do. */
  readonly remedy: string | null
}

export function ok(name: string, detail: string): Check {
  return { name, level: 'ok', detail, remedy: null }
}

export function warn(name: string, detail: string, remedy: string): Check {
  return { name, level: 'warn', detail, remedy }
}

/** Without a remedy where the detail, an `AppError`'s message, names it already. */
export function fail(name: string, detail: string, remedy: string | null = null): Check {
  return { name, level: 'fail', detail, remedy }
}

/** An error in one line. A refused connection has a code and an empty message. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const text = error.message || ('code' in error ? String(error.code) : error.name)
  return text.replaceAll('\n', ' ')
}
