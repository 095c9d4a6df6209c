import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askProbes } from '../../../src/http/readiness.ts'

test('one problem is enough, a throw is a problem, and the others are still told', async () => {
  const readiness = await askProbes([
    { name: 'database', check: async () => null },
    { name: 'anvil', check: async () => 'halted' },
    { name: 'tron', check: () => Promise.reject(new Error('connection refused')) },
  ])
  assert.deepEqual(readiness, {
    ready: false,
    checks: [
      { name: 'database', problem: null },
      { name: 'anvil', problem: 'halted' },
      { name: 'tron', problem: 'connection refused' },
    ],
  })
})

test('ready when nothing is wrong', async () => {
  const { ready } = await askProbes([{ name: 'database', check: async () => null }])
  assert.equal(ready, true)
})
