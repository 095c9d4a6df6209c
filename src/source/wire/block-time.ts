import { contradict } from './failure.ts'
import { readQuantity } from './hex-field.ts'

/** The year 9999: beyond it neither a Date nor a timestamptz could hold what is surely no time. */
const TIME_MS_MAX = 253_402_300_799_999

/** A block's time from what a provider gave for it, in whole milliseconds since 1970. */
export function blockTime(ms: number, field: string): Date {
  if (ms > TIME_MS_MAX) contradict(`${field} is no time`, { [field]: ms })
  return new Date(ms)
}

/** As JSON-RPC gives it: a quantity of seconds. */
export function readBlockTime(value: unknown, field: string): Date {
  return blockTime(readQuantity(value, field) * 1_000, field)
}
