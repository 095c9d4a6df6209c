import { z } from 'zod'
import { encodeCursor, type CursorKey } from '../domain/cursor.ts'

/** A page, newest first. Rows that appear while somebody pages neither repeat others nor push them out. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    data: z.array(item),
    next_cursor: z
      .string()
      .nullable()
      .meta({ description: 'Pass as `cursor` for the next page; null on the last one' }),
  })
}

/** `rows` holds one more than `limit` if there is a next page: asking for it is cheaper than counting. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  { item, key }: { item: (row: Row) => Item; key: (row: Row) => CursorKey },
): { data: Item[]; next_cursor: string | null } {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return {
    data: page.map(item),
    next_cursor: rows.length > limit && last !== undefined ? encodeCursor(key(last)) : null,
  }
}
