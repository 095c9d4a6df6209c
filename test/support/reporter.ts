import path from 'node:path'
import type { run } from 'node:test'
import { inspect, styleText } from 'node:util'

type TestEvents = ReturnType<typeof run>

export interface Tally {
  passed: number
  failed: number
}

/**
 * Prints a line per file, each failure in full, and counts. A file in which no test ran counts as a failure,
 * and so does one that never came to its end.
 */
export async function report(events: TestEvents, files: readonly string[]): Promise<Tally> {
  const tally: Tally = { passed: 0, failed: 0 }
  const unfinished = new Set(files)
  const counts = new Map<string, Tally>()
  const countOf = (file: string): Tally => {
    const count = counts.get(file) ?? { passed: 0, failed: 0 }
    counts.set(file, count)
    return count
  }
  const fail = (file: string, name: string, reason: unknown): void => {
    countOf(file).failed += 1
    tally.failed += 1
    console.log(`${styleText('red', '✗')} ${relative(file)} › ${name}\n${indent(reason)}`)
  }

  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') process.stdout.write(data.message)
    if (type === 'test:pass' && isTest(data)) {
      const file = fileOf(data)
      if (data.name === file) {
        fail(file, 'no test ran', 'the file defines none')
      } else {
        countOf(file).passed += 1
        tally.passed += 1
      }
    }
    if (type === 'test:fail' && given(data.todo)) {
      const reason = indent(data.details.error.cause ?? data.details.error)
      console.log(
        `${styleText('yellow', '…')} ${relative(fileOf(data))} › ${data.name} (to do: ${String(data.todo)})\n${reason}`,
      )
    } else if (type === 'test:fail' && !isSummaryOfSubtests(data)) {
      const file = fileOf(data)
      const name = data.name === file ? 'the file itself' : data.name
      fail(file, name, data.details.error.cause ?? data.details.error)
    }
    if (type === 'test:summary' && data.file !== undefined) {
      unfinished.delete(data.file)
      const { passed, failed } = countOf(data.file)
      const seconds = (data.duration_ms / 1000).toFixed(1)
      const mark = failed === 0 ? styleText('green', '✓') : styleText('red', '✗')
      console.log(
        `${mark} ${relative(data.file)}  ${passed} passed, ${failed} failed, ${seconds} s`,
      )
    }
  }
  for (const file of unfinished) {
    if (countOf(file).failed === 0) fail(file, 'did not finish', 'the run was stopped')
  }
  return tally
}

interface Ended {
  readonly name: string
  readonly skip?: string | boolean
  readonly todo?: string | boolean
  readonly details: { readonly type?: string }
}

/** The file that was run. A test may be defined in another: a suite that several share. */
function fileOf({ entryFile, file }: { readonly entryFile?: string; readonly file?: string }) {
  return entryFile ?? file ?? ''
}

/** Suites are reported too, and a skipped test did not run. */
function isTest({ details, skip, todo }: Ended): boolean {
  return details.type === 'test' && !given(skip) && !given(todo)
}

function given(flag: string | boolean | undefined): boolean {
  return flag !== undefined && flag !== false
}

function isSummaryOfSubtests({ details }: { details: { error?: unknown } }): boolean {
  const error = details.error as { failureType?: string } | undefined
  return error?.failureType === 'subtestsFailed'
}

function relative(file: string): string {
  return path.relative(process.cwd(), file)
}

/** An assertion's message already shows the difference; its properties would show it again. */
function indent(reason: unknown): string {
  return explain(reason).replaceAll(/^/gm, '    ')
}

function explain(reason: unknown): string {
  if (!(reason instanceof Error)) return typeof reason === 'string' ? reason : inspect(reason)
  const lines = (reason.stack ?? reason.message).split('\n')
  const own = lines.filter((line) => !/^\s+at .*\(?node:/.test(line)).join('\n')
  return reason.cause === undefined ? own : `${own}\ncaused by ${explain(reason.cause)}`
}
