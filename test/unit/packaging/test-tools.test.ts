import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { runnable } from '../../support/tools.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const FILES = ['test/unit/a.test.ts', 'test/prometheus/b.test.ts', 'test/browser/c.test.ts'].map(
  (file) => path.join(ROOT, file),
)
const [UNIT, PROMETHEUS] = FILES

/** A folder with executable files of these names. */
function folderWith(t: TestContext, ...tools: string[]): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'settled-tools-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const tool of tools) {
    writeFileSync(path.join(folder, tool), '#!/bin/sh\n')
    chmodSync(path.join(folder, tool), 0o755)
  }
  return folder
}

test('files whose tools are there are run, wherever on the PATH these are', (t) => {
  const PATH = [folderWith(t, 'prometheus', 'chromium'), folderWith(t, 'promtool')].join(':')
  assert.deepEqual(runnable(FILES, { PATH }), { files: FILES, leftOut: [] })
})

test('files whose tools are missing are left out, in one line with the remedy', (t) => {
  const { files, leftOut } = runnable(FILES, { PATH: folderWith(t, 'prometheus', 'promtool') })
  assert.deepEqual(files, [UNIT, PROMETHEUS])
  assert.equal(leftOut.length, 1)
  assert.match(leftOut[0] ?? '', /test\/browser .*chromium .*apt-get install chromium/)
})

test('one of two tools is not enough, and what was not asked for is not spoken of', (t) => {
  const PATH = folderWith(t, 'prometheus')
  assert.match(runnable(FILES, { PATH }).leftOut[0] ?? '', /: promtool not on PATH/)
  assert.deepEqual(runnable([path.join(ROOT, 'test/unit/a.test.ts')], { PATH }).leftOut, [])
})

test('where CI is set nothing is left out: the file shall fail', () => {
  assert.deepEqual(runnable(FILES, { PATH: '', CI: 'true' }).files, FILES)
})
