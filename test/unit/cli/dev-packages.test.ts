import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { withDevPackages } from '../../../src/cli/dev-packages.ts'
import { AppError } from '../../../src/domain/error.ts'

/** A name that the compiler does not try to resolve. */
const named = (name: string): string => name

function isAbout(name: string) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof AppError)
    assert.equal(error.code, 'misconfigured')
    assert.match(error.message, /run "npm ci" without --omit=dev/)
    assert.ok(error.message.startsWith(`the package ${name} is not installed`), error.message)
    return true
  }
}

test('a package that is not installed is named, with the remedy', async () => {
  const imported = withDevPackages(async () => {
    await import(named('@settled/is-not-there'))
  })
  await assert.rejects(imported, isAbout('@settled/is-not-there'))
  const required = withDevPackages(async () => {
    createRequire(import.meta.url)(named('is-not-there'))
  })
  await assert.rejects(required, isAbout('is-not-there'))
})

test('a missing file of ours is no package, and other errors stay what they are', async () => {
  const broken = withDevPackages(async () => {
    await import(named('./is-not-there.ts'))
  })
  await assert.rejects(broken, { code: 'ERR_MODULE_NOT_FOUND' })
  const failing = withDevPackages(() => Promise.reject(new TypeError('a bug')))
  await assert.rejects(failing, { name: 'TypeError', message: 'a bug' })
})
