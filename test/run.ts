import { glob, stat } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { run } from 'node:test'
import { report, type Tally } from './support/reporter.ts'
import { startTestServer } from './support/server.ts'
import { runnable } from './support/tools.ts'

/**
 * `npm test [-- <file or folder>…]`: all test files, each in a process of its own, on one PostgreSQL. The last
 * line is `N passed, N failed`. DATABASE_URL names a server to use instead of starting one. A few files need a
 * tool that npm does not bring; without it they are left out and said to be, and fail where CI is set.
 */
/** Many times what any test takes on two idle cores: it ends what hangs, and judges nobody by the machine's speed. */
const TEST_MS_MAX = 600_000
/** A run in which nothing ends for this long hangs: some file keeps a handle open after its last test. */
const SILENCE_MS_MAX = TEST_MS_MAX + 60_000

const stopping = new AbortController()
// Again and again: npm and `timeout` pass on the signal that the terminal sent to the whole group already.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => stopping.abort(new Error(`stopped by ${signal}`)))
}
// Whoever read our output may be gone, as `| head` is: that is no reason to leave a server behind.
process.stdout.on('error', () => stopping.abort(new Error('nobody reads the output')))

const { files, leftOut } = runnable(await testFiles(process.argv.slice(2)), process.env)
const { passed, failed } = await runTests(files)
for (const line of leftOut) console.log(line)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

async function runTests(files: readonly string[]): Promise<Tally> {
  await using server = await startTestServer(process.env['DATABASE_URL'])
  process.env['SETTLED_TEST_DATABASE_URL'] = server.templateUrl
  const silence = setTimeout(() => stopping.abort(new Error('the tests hang')), SILENCE_MS_MAX)
  const events = run({
    files: [...files],
    concurrency: os.availableParallelism(),
    execArgv: [`--test-timeout=${TEST_MS_MAX}`],
    signal: stopping.signal,
  })
  events.on('data', () => silence.refresh())
  const tally = await report(events, files)
  clearTimeout(silence)
  return tally
}

async function testFiles(given: readonly string[]): Promise<string[]> {
  const files: string[] = []
  for (const file of given.length === 0 ? [import.meta.dirname] : given) {
    if ((await stat(file)).isFile()) files.push(path.resolve(file))
    else
      for await (const name of glob('**/*.test.ts', { cwd: file }))
        files.push(path.resolve(file, name))
  }
  return files.toSorted()
}
