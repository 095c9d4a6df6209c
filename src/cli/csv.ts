import { writeFile } from 'node:fs/promises'
import { AppError } from '../domain/error.ts'

/** As RFC 4180 has it: a cell is quoted where it holds a comma, a quote or a line break. */
export async function writeCsv(file: string, rows: readonly (readonly string[])[]): Promise<void> {
  const text = rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('')
  try {
    await writeFile(file, text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AppError('invalid_request', `--csv: ${file} cannot be written: ${reason}`, { cause })
  }
}

function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
