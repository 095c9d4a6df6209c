import { InvalidArgumentError } from 'commander'
import { z } from 'zod'

/** A height or a place in the feed: whole, and exact as a number. */
export const WHOLE_NUMBER = z
  .string()
  .regex(/^\d{1,15}$/, 'is not a whole number')
  .transform(Number)
  .describe('digits only, such as 19000000')

export const DAY = z.iso.date('is no day').describe('a UTC day, such as 2026-11-20')

/** A UTC day stands for its midnight. */
export const MOMENT = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], 'is no day and no time with a zone')
  .transform((text) => new Date(text))
  .describe(
    'a UTC day or an ISO 8601 time with its zone, such as 2026-11-20 or 2026-11-20T12:00:00Z',
  )

/** Reads an argument or option by a schema, mostly the API's own for that field; a wrong one is wrong usage. */
export function by<T>(schema: z.ZodType<T>): (text: string) => T {
  return (text) => {
    const parsed = schema.safeParse(text)
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    throw new InvalidArgumentError(`${issue?.message}; wanted: ${schema.description}`)
  }
}

/** `a,b`, each by its schema. */
export function listBy<T>(schema: z.ZodType<T>): (text: string) => T[] {
  const read = by(schema)
  return (text) => text.split(',').map((item) => read(item.trim()))
}
