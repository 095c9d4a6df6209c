import { AppError } from './error.ts'

/** The last row of a page, as the list's order sees it: whole numbers (ids, epoch milliseconds) and ids. */
export type CursorKey = readonly (number | string)[]
type KeyOf<Shape extends readonly ('number' | 'string')[]> = {
  readonly [I in keyof Shape]: Shape[I] extends 'number' ? number : string
}

/** The largest epoch milliseconds a Date holds; above every id we will hand out as well. */
const NUMBER_MAX = 8.64e15
/** Ids only, so that no crafted cursor brings bytes into a query which PostgreSQL refuses. */
const ID = /^[\w-]{1,64}$/

/** Opaque to consumers, so that a list may change its order without breaking them. */
export function encodeCursor(key: CursorKey): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

export function decodeCursor<const Shape extends readonly ('number' | 'string')[]>(
  text: string,
  shape: Shape,
): KeyOf<Shape> {
  const key = parse(text)
  if (!Array.isArray(key) || key.length !== shape.length || !key.every(fits)) {
    throw new AppError(
      'invalid_cursor',
      'cursor: not one of this list; take next_cursor of the page before, or leave it out',
    )
  }
  return key as unknown as KeyOf<Shape>

  function fits(value: unknown, index: number): boolean {
    if (shape[index] === 'string') return typeof value === 'string' && ID.test(value)
    return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= NUMBER_MAX
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    return null
  }
}
