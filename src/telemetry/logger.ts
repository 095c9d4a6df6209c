import { pino, type Logger } from 'pino'

export type { Logger }

export interface LoggerOptions {
  readonly level: string
  readonly name?: string
  /** Where lines go; standard output by default. Tests pass a stream of their own. */
  readonly destination?: { write(line: string): void }
}

/** JSON lines. bigint, which pino cannot serialise, never reaches it: amounts are logged as decimal strings. */
export function createLogger(options: LoggerOptions): Logger {
  const settings = {
    level: options.level,
    base: { name: options.name ?? 'settled' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: ['secret', 'authorization', 'databaseUrl', '*.secret', '*.authorization'],
  }
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination)
}
