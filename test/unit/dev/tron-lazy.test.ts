import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'

test('importing the devnet does not load tronweb', async () => {
  await import('../../../src/dev/tron/devnet.ts')
  const { cache } = createRequire(import.meta.url)
  const loaded = Object.keys(cache).filter((file) => file.includes('/tronweb/'))
  assert.deepEqual(loaded, [])
})
