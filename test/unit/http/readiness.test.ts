import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askProbes } from '../../../src/http/readiness.ts'

const well = async () => null

test('one chain in trouble is told by its name and stops nobody from using the API', async () => {
  const readiness = await askProbes({
    database: well,
    chains: [
      { chain: 'anvil', check: async () => 'halted' },
      { chain: 'ethereum', check: well },
      { chain: 'tron', check: () => Promise.reject(new Error('a bug')) },
    ],
  })
  assert.deepEqual(readiness, {
    ready: true,
    healthy: false,
    database: null,
    chains: [
      { chain: 'anvil', problem: 'halted' },
      { chain: 'ethereum', problem: null },
      { chain: 'tron', problem: 'a bug' },
    ],
  })
})

test('without the database nothing is ready', async () => {
  const probes = { database: async () => 'lacks 0002.sql', chains: [] }
  assert.deepEqual(await askProbes(probes), {
    ready: false,
    healthy: false,
    database: 'lacks 0002.sql',
    chains: [],
  })
})

test('ready and healthy when nothing is wrong', async () => {
  const { ready, healthy } = await askProbes({ database: well, chains: [] })
  assert.deepEqual([ready, healthy], [true, true])
})
