import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { ERRORS } from '../../../src/domain/error.ts'

test('docs/errors.md lists every code with its status, and no other', async () => {
  const page = await readFile(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
  const listed = Array.from(page.matchAll(/^\| `(\w+)` \| (\d+) \|/gm), ([, code, status]) => [
    code,
    Number(status),
  ])
  assert.deepEqual(Object.fromEntries(listed), { ...ERRORS })
  assert.equal(listed.length, Object.keys(ERRORS).length)
})
