import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { ROOT } from './sources.ts'

async function succeeds(tool: string, ...args: string[]): Promise<void> {
  const child = spawn(path.join(ROOT, 'node_modules', '.bin', tool), args, { cwd: ROOT })
  let output = ''
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  child.stderr.on('data', (chunk) => (output += String(chunk)))
  const code = await new Promise((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  )
  assert.equal(code, 0, `${tool} ${args.join(' ')}\n${output}`)
}

test('everything is formatted', () => succeeds('oxfmt', '--check'))

test('the linter has nothing to say', () => succeeds('oxlint', '--deny-warnings'))

test('the types hold', () => succeeds('tsc', '-p', 'tsconfig.json'))

test("the page's types hold", () => succeeds('tsc', '-p', 'console/tsconfig.json'))

test('the build makes a program', async (t) => {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'settled-build-'))
  t.after(() => rm(directory, { recursive: true }))
  await succeeds('tsc', '-p', 'tsconfig.build.json', '--outDir', directory)
  assert.ok(existsSync(path.join(directory, 'main.js')))
})
