import assert from 'node:assert/strict'
import path from 'node:path'
import { Readable } from 'node:stream'
import type { run } from 'node:test'
import { test, type TestContext } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { report } from '../support/reporter.ts'

const SUITE = path.resolve('test/conformance/source.ts')
const [EVM, TRON] = ['evm', 'tron'].map((name) => path.resolve(`test/conformance/${name}.test.ts`))

test('what a shared suite defines counts for the file that ran it', async (t) => {
  const lines = linesOf(t)
  const tally = await report(
    stream([
      passed('one', SUITE, EVM),
      passed('two', SUITE, EVM),
      summary(EVM),
      passed('one', SUITE, TRON),
      failed('two', SUITE, TRON),
      summary(TRON),
    ]),
    [`${EVM}`, `${TRON}`],
  )
  assert.deepEqual(tally, { passed: 3, failed: 1 })
  assert.match(lines[0] ?? '', /^✓ test\/conformance\/evm\.test\.ts {2}2 passed, 0 failed/)
  assert.match(lines[1] ?? '', /^✗ test\/conformance\/tron\.test\.ts › two/)
  assert.match(lines[2] ?? '', /^✗ test\/conformance\/tron\.test\.ts {2}1 passed, 1 failed/)
})

test('a file in which nothing ran, and one that never ended, are failures', async (t) => {
  const lines = linesOf(t)
  const tally = await report(stream([passed(`${EVM}`, EVM, EVM), summary(EVM)]), [
    `${EVM}`,
    `${TRON}`,
  ])
  assert.deepEqual(tally, { passed: 0, failed: 2 })
  assert.match(lines[0] ?? '', /evm\.test\.ts › no test ran/)
  assert.match(lines[2] ?? '', /tron\.test\.ts › did not finish/)
})

function linesOf(t: TestContext): string[] {
  const lines: string[] = []
  t.mock.method(console, 'log', (line: string) => lines.push(stripVTControlCharacters(line)))
  return lines
}

/** As Node reports them: `file` is where a test was defined, `entryFile` the one that was run. */
function passed(name: string, file: string | undefined, entryFile: string | undefined) {
  return { type: 'test:pass', data: { name, file, entryFile, details: { type: 'test' } } }
}

function failed(name: string, file: string, entryFile: string | undefined) {
  const details = { type: 'test', error: new Error('it failed') }
  return { type: 'test:fail', data: { name, file, entryFile, details } }
}

function summary(file: string | undefined) {
  return { type: 'test:summary', data: { file, entryFile: file, duration_ms: 5 } }
}

function stream(events: readonly object[]): ReturnType<typeof run> {
  return Readable.from(events) as ReturnType<typeof run>
}
